"""Quizzes (微测): questions as teachers type them, pushed to a community, answered in private (C4, G8)."""
