"""Programs with tokens, as the tests of the API have them."""

from tests.api.conftest import api, program_of

__all__ = ["api", "program_of"]
