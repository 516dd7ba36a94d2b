"""What the service supports and how it works: product types, categories, the workflow."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.domain.taxonomy import Taxonomy

TAG = "equipment"


class ProductTypeView(BaseModel):
    """One kind of equipment."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: dict[str, str] = Field(description="Name for people, by language.")
    models: tuple[str, ...]
    error_code_pattern: str = Field(description="Regular expression of a whole error code.")


class CategoryView(BaseModel):
    """What a ticket can be about."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: dict[str, str] = Field(description="Name for people, by language.")


class TaxonomyView(BaseModel):
    """Equipment and categories."""

    model_config = ConfigDict(frozen=True)

    product_types: tuple[ProductTypeView, ...]
    categories: tuple[CategoryView, ...]


class NodeView(BaseModel):
    """A state of the workflow."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str = Field(description="Type of the state in the Amazon States Language.")
    lane: str | None = Field(None, description="The Parallel or Map state it runs inside, and which lane.")


class EdgeView(BaseModel):
    """A transition."""

    model_config = ConfigDict(frozen=True)

    source: str = Field(serialization_alias="from")
    target: str = Field(serialization_alias="to")
    kind: str = Field(description="next, choice, default, catch, or inside.")


class WorkflowView(BaseModel):
    """The workflow, to be drawn."""

    model_config = ConfigDict(frozen=True)

    start: str
    nodes: tuple[NodeView, ...]
    edges: tuple[EdgeView, ...]


def register(api: Api, system: "Rimedio") -> None:
    """Routes of what is the same for everybody."""

    @api.get("/v1/taxonomy", summary="Product types, models, categories", tag=TAG)
    def get_taxonomy() -> TaxonomyView:
        return _taxonomy(system.taxonomy)

    @api.get("/v1/workflow", summary="The workflow of a ticket, to be drawn", tag=TAG)
    def get_workflow() -> WorkflowView:
        from rimedio.tickets.workflow_graph import workflow_graph

        graph = workflow_graph()
        return WorkflowView(
            start=graph.start,
            nodes=tuple(NodeView(name=n.name, type=n.type, lane=n.lane) for n in graph.nodes),
            edges=tuple(EdgeView(source=e.source, target=e.target, kind=e.kind) for e in graph.edges),
        )


def _taxonomy(taxonomy: "Taxonomy") -> TaxonomyView:
    return TaxonomyView(
        product_types=tuple(
            ProductTypeView(
                name=kind.name,
                label=dict(kind.label),
                models=kind.models,
                error_code_pattern="|".join(f"(?:{pattern})" for pattern in kind.error_code_patterns),
            )
            for kind in taxonomy.product_types.values()
        ),
        categories=tuple(
            CategoryView(name=name, label=dict(label)) for name, label in taxonomy.categories.items()
        ),
    )
