"""JSONata as Step Functions speaks it; the language itself is loaded when the first expression is."""

from rimedio.asl.expressions.jsonata.expression import (
    JsonataQuery,
    body_of,
    compile_template,
    is_expression,
    require,
)

__all__ = ["JsonataQuery", "body_of", "compile_template", "is_expression", "require"]
