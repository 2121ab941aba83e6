"""What a host states about its limits, in plain words."""

from core.disk import MEGABYTE, format_megabytes
from core.formatting import format_duration, pluralize
from core.limits import HostLimits


def describe_limits(limits: HostLimits) -> list[str]:
    """One sentence for each limit that is set."""
    sentences = [f"Uploads up to {limits.upload_mb:,} MB, with texts of up to {limits.text_characters:,} characters."]
    if limits.rows:
        sentences.append(f"Tables of up to {limits.rows:,} rows.")
    at_once = pluralize(limits.jobs_at_once, "training or other job", "trainings or other jobs")
    sentences.append(
        f"{at_once} at a time on this host; up to {limits.jobs_per_visitor:,} of yours may wait or run, in turn with those "
        "of others."
    )
    if limits.job_minutes:
        sentences.append(f"A job is stopped after {format_duration(60 * limits.job_minutes)}; its best model is kept.")
    if limits.visitor_disk_mb:
        sentences.append(f"Your workspace may use {format_megabytes(limits.visitor_disk_mb * MEGABYTE)} of disk.")
    if limits.disk_mb:
        sentences.append(f"All workspaces together may use {format_megabytes(limits.disk_mb * MEGABYTE)} of disk.")
    if limits.idle_days:
        sentences.append(describe_retention(limits.idle_days))
    return sentences


def describe_retention(idle_days: int) -> str:
    """When a workspace is deleted that nobody uses; ``idle_days`` is at least 1."""
    return (
        f"A workspace is deleted after {pluralize(idle_days, 'day')} without a visit. Running jobs and visits to your published "
        "links count as visits."
    )
