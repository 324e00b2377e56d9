"""Reading rosters and importing them: regions, schools and people by the authority's own keys."""
