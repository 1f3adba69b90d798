"""What a scenario file may hold: a pydantic model of a file, of each group and each parameter.

They are made from `Scenario`, so that a parameter added there is read and checked here.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from functools import cache, partial
from typing import Annotated, Any, Literal, cast, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, create_model

from weishang.experiments.scenario import validators
from weishang.experiments.scenario.validators import DAYS, START
from weishang.model.scenario import BaseScenario, Scenario

SELLERS = "named_sellers"
HEAD = ("format", "name", "extends", "start", "days", SELLERS)
"""Keys at the top of a file, beside the groups of parameters."""
ATTRIBUTES = ("value", "unit", "source", "role")
"""What every parameter is given with."""
RENAMED = {
    ("weights", "appeal_sd"): "shareability_sd",
    ("weights", "appeal_on_buying"): "shareability_on_buying",
    ("weights", "passed_on"): "takeoff_probability",
    ("money", "usual_price"): "reference_price",
}
"""Names of parameters in earlier versions, and what they are called now."""

Kind = type[BaseScenario]
"""The scenarios that files are read as: those of this package, or with mechanisms of one's own."""

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


def file_model(kind: Kind = Scenario) -> type[BaseModel]:
    """A whole file: what stands at its top, and a table per group."""
    return _file_model(cast(Any, kind))


@cache
def _file_model(kind: Any) -> type[BaseModel]:
    model: type[BaseModel] = create_model(
        "File",
        __base__=_Strict,
        format=(Annotated[int, PlainValidator(validators.this_format)], ...),
        name=(_Text, ...),
        extends=(str | None, None),
        start=(Annotated[date, PlainValidator(validators.day)], START),
        days=(Annotated[int, AfterValidator(validators.at_least_one)], DAYS),
        named_sellers=(tuple[SellerModel, ...], ()),
        **_optional(group_models(kind)),
    )
    return model


def group_models(kind: Kind = Scenario) -> Mapping[str, type[BaseModel]]:
    """A model per group of the scenario, with a model per parameter."""
    return _group_models(cast(Any, kind))


@cache
def _group_models(kind: Any) -> Mapping[str, type[BaseModel]]:
    models = {}
    for item in fields(kind):
        start = f"{item.name}."
        parameters = {
            name.removeprefix(start): model
            for name, model in parameter_models(kind).items()
            if name.startswith(start)
        }
        models[item.name] = create_model(item.name, __base__=_Strict, **_optional(parameters))
    return models


def parameter_models(kind: Kind = Scenario) -> Mapping[str, type[BaseModel]]:
    """A model per parameter, by group and name such as weights.view, in the scenario's order."""
    return _parameter_models(cast(Any, kind))


@cache
def _parameter_models(kind: Any) -> Mapping[str, type[BaseModel]]:
    scenario = kind()
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
