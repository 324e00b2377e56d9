"""What /metrics shows, as numbers."""

from prometheus_client.parser import text_string_to_metric_families

NOTHING = -1.0


def sum_of(shown: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels; -1 when there is none."""
    found = [
        sample.value
        for family in text_string_to_metric_families(shown)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(found) if found else NOTHING


def labels_of(shown: str, name: str, label: str) -> set[str]:
    """The values of a label that a metric has."""
    return {
        sample.labels[label]
        for family in text_string_to_metric_families(shown)
        for sample in family.samples
        if sample.name == name and label in sample.labels
    }
