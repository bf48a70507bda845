# SPDX-License-Identifier: Apache-2.0
"""The certbus protocol, written a second time, from docs/protocol.md alone."""
