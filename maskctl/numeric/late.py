"""numpy, loaded when something is first looked up in it.

What a layer type declares (parameters, weights, shapes) needs no arrays, and lies beside its arithmetic. A module of
`layers/`, `graph/` or `numeric/` that is imported for declarations therefore takes `np` and `npt` from here, and looks
things up in them inside functions only; type aliases of arrays are strings. `importlib.util.LazyLoader` is no help:
any second `import numpy` loads what it deferred. From its first use on, `np` is a module with all of numpy's names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    import importlib
    from types import ModuleType

    class _Late(ModuleType):
        """Stands for the module of its name until a name is looked up in it."""

        def __getattr__(self, name: str) -> object:
            # Two threads may both come here: the second waits in the import, and takes over the same names.
            vars(self).update(vars(importlib.import_module(self.__name__)))
            self.__class__ = ModuleType
            return getattr(self, name)

    np, npt = _Late("numpy"), _Late("numpy.typing")

__all__ = ["np", "npt"]
