"""What every draw keeps."""

import numpy as np
import pytest

from hardneg.core.components import DRAWS
from hardneg.testing import check_draw
from tests.selection.blocks import block, noise


@pytest.mark.parametrize("name", DRAWS.names())
def test_every_draw_keeps_the_contract(name):
    draw = DRAWS.make(name)
    check_draw(draw)
    candidates = block([[0.9, 0.8, 0.1]], [0.9]).only(np.array([[True, False, True]]))
    priority = draw.priority(candidates, noise((1, 3)))
    assert np.isnan(priority[0, 1]) and np.isfinite(priority[0, [0, 2]]).all()
    assert DRAWS.make(DRAWS.describe(draw)) == draw
    assert "Source:" in (type(draw).__doc__ or "")
