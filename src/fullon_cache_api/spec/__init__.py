"""What the YAML says: `endpoints.yaml` and its response schemas, checked once and frozen."""

from .errors import Problem, SpecError
from .loader import load_spec
from .model import Binding, Endpoint, Info, Parameter, Spec, Tag
from .signature import Argument, Catalogue, ReadSignature

__all__ = [
    "Argument",
    "Binding",
    "Catalogue",
    "Endpoint",
    "Info",
    "Parameter",
    "Problem",
    "ReadSignature",
    "Spec",
    "SpecError",
    "Tag",
    "load_spec",
]
