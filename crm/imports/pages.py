"""Pages of the import: upload, mapping, progress, result."""

from fastapi import APIRouter

router = APIRouter()
