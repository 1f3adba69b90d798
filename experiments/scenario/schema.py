"""What a scenario file may hold: a pydantic model of a file, of each group and each parameter.

They are made from `Scenario`, so that a parameter added there is read and checked here.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from functools import cache, partial
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, create_model

from weishang.experiments.scenario import validators
from weishang.experiments.scenario.validators import DAYS, START
from weishang.model.scenario import Scenario

SELLERS = "named_sellers"
HEAD = ("format", "name", "extends", "start", "days", SELLERS)
"""Keys at the top of a file, beside the groups of parameters."""
ATTRIBUTES = ("value", "unit", "source", "role")
"""What every parameter is given with."""

_Text = Annotated[str, AfterValidator(validators.no_blank)]
_Natural = Annotated[int, AfterValidator(validators.natural)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )


class SellerModel(_Strict):
    """A named seller; see `NamedSeller`."""

    id: _Text
    node: _Natural
    category: _Natural | None = None
    price: Annotated[float, AfterValidator(validators.positive)] | None = None


@cache
def file_model() -> type[BaseModel]:
    """A whole file: what stands at its top, and a table a group."""
    model: type[BaseModel] = create_model(
        "File",
        __base__=_Strict,
        format=(Annotated[int, PlainValidator(validators.this_format)], ...),
        name=(_Text, ...),
        extends=(str | None, None),
        start=(Annotated[date, PlainValidator(validators.day)], START),
        days=(Annotated[int, AfterValidator(validators.at_least_one)], DAYS),
        named_sellers=(tuple[SellerModel, ...], ()),
        **_optional(group_models()),
    )
    return model


@cache
def group_models() -> Mapping[str, type[BaseModel]]:
    """A model a group of the scenario, with a model a parameter."""
    models = {}
    for item in fields(Scenario):
        start = f"{item.name}."
        parameters = {
            name.removeprefix(start): model
            for name, model in parameter_models().items()
            if name.startswith(start)
        }
        models[item.name] = create_model(item.name, __base__=_Strict, **_optional(parameters))
    return models


@cache
def parameter_models() -> Mapping[str, type[BaseModel]]:
    """A model a parameter, by group and name such as weights.view, in the scenario's order."""
    scenario = Scenario()
    models = {}
    for item in fields(scenario):
        part = getattr(scenario, item.name)
        kinds = get_type_hints(type(part))
        for each in fields(part):
            name = f"{item.name}.{each.name}"
            models[name] = _parameter_model(name, kinds[each.name], each.metadata)
    return models


def _parameter_model(name: str, kind: Any, about: Mapping[str, Any]) -> type[BaseModel]:
    check = partial(validators.fits, about["unit"])
    attributes: dict[str, Any] = {
        "value": (Annotated[kind, AfterValidator(check)], ...),
        "unit": (Literal[about["unit"]], ...),
        "source": (_Text, ...),
        "role": (Literal["set", "fitted"], ...),
    }
    return create_model(name, __base__=_Strict, **attributes)


def _optional(models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    return {name: (model | None, None) for name, model in models.items()}
