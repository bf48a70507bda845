# SPDX-License-Identifier: Apache-2.0
"""Each command of the pages that an operator works from, run as it stands there."""

from support import PROJECT, prove
from support_machines import stand
from support_pages import proves

PAGES = [PROJECT / "docs" / "nodes.md",
         *sorted(path for path in (PROJECT / "docs" / "operations").glob("*.md")
                 if path.name != "README.md")]

prove(*(proves(path, stand) for path in PAGES))
