r"""A `.param` file as characters and lines: read without loss, change one token, write back safely.

>>> from maskctl.param import parse
>>> document = parse(b"7767517\n1 1\nInput data 0 1 data 0=8\n")
>>> document.layers[0].type, document.to_bytes() == document.source
('Input', True)
"""

from maskctl.param.document import ParamDocument, load, parse
from maskctl.param.lines import LayerLine, ParamToken
from maskctl.param.values import Value

__all__ = ["LayerLine", "ParamDocument", "ParamToken", "Value", "load", "parse"]
