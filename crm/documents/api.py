"""Documents in the API."""

from crm.api import READ, Resource, newest

RESOURCES = (
    Resource(
        name="documents",
        table="documents",
        title="document",
        description="Files of a contact, a deal or an activity, and their versions.",
        actions=READ | {"update", "delete"},
        sorts=newest("uploaded_at"),
        default_sort="-uploaded_at",
        default_filter="is_archived:eq:false",
        read_only=frozenset(
            {
                "original_name", "file_path", "file_size", "mime_type", "file_extension", "version",
                "checksum", "uploaded_by", "uploaded_at", "last_accessed_at", "access_count",
                "parent_document_id", "is_public",
            }
        ),
        unfilterable=frozenset({"description", "file_path"}),
    ),
)  # fmt: skip
