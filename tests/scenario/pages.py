# SPDX-License-Identifier: Apache-2.0
"""Each command of the pages that a newcomer reads, run as it stands there."""

import pathlib

from support import PROJECT, prove
from support_pages import Checkout, proves


def cloned(run):
    """One machine, where the project has been cloned and built."""
    run.stand(None, Checkout(pathlib.Path("certbus").resolve()))


prove(*(proves(PROJECT / name, cloned) for name in ("README.md", "docs/tutorial.md")))
