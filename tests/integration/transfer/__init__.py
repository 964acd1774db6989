"""The download engine over real sockets."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.lab")
