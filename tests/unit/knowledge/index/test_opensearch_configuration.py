"""What is sent to OpenSearch as configuration. Bodies only: no engine judges them here."""

import numpy as np
import pytest

from rimedio.domain.errors import InvalidSetting
from rimedio.domain.knowledge import DocType
from rimedio.knowledge.index.opensearch_client import encoded
from rimedio.knowledge.index.opensearch_mapping import (
    Engine,
    Mode,
    OpenSearchOptions,
    SpaceType,
    index_body,
    memory_bytes,
    similarity,
    vector_field,
    vector_mapping,
)
from rimedio.knowledge.index.opensearch_pipelines import (
    Combination,
    Normalization,
    normalization_pipeline,
    rank_pipeline,
)
from rimedio.knowledge.index.opensearch_queries import (
    CHUNK,
    Figures,
    restrictions,
    server_hybrid_query,
    vector_query,
    words_query,
)
from rimedio.knowledge.index.opensearch_state import TenantState, begun, committed
from rimedio.knowledge.index.port import Filters
from rimedio.settings import Settings

STATE = TenantState("acme", sequence=3)
VECTOR = np.array([0.6, 0.8], np.float32)


def test_the_settings_defaults_are_the_options_defaults() -> None:
    assert OpenSearchOptions.of(Settings()) == OpenSearchOptions()


def test_a_graph_has_the_parameters_it_was_asked_for_configuration_only() -> None:
    lucene = vector_mapping(OpenSearchOptions(m=24, ef_construction=256), 384)
    assert lucene == {
        "type": "knn_vector",
        "dimension": 384,
        "method": {
            "name": "hnsw",
            "engine": "lucene",
            "space_type": "innerproduct",
            "parameters": {"m": 24, "ef_construction": 256},
        },
    }


def test_faiss_keeps_vectors_on_disk_compressed_configuration_only() -> None:
    options = OpenSearchOptions(engine=Engine.FAISS, mode=Mode.ON_DISK, compression="32x", ef_search=150)
    field = vector_mapping(options, 1024)
    assert field["mode"] == "on_disk"
    assert field["compression_level"] == "32x"
    assert field["method"]["engine"] == "faiss"
    assert field["method"]["parameters"]["ef_search"] == 150


def test_nmslib_is_no_choice_since_it_cannot_be_created_any_more() -> None:
    assert {str(engine) for engine in Engine} == {"lucene", "faiss"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"mode": Mode.ON_DISK}, "belong to faiss"),
        ({"compression": "32x"}, "belong to faiss"),
        ({"compression": "3x", "engine": Engine.FAISS}, "3x"),
    ],
)
def test_a_combination_that_no_engine_has_is_refused(options: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidSetting, match=reason):
        OpenSearchOptions(**options)  # type: ignore[arg-type]


def test_each_model_has_a_field_of_its_own() -> None:
    fields = index_body(OpenSearchOptions(), {"titan:512": 512, "e5": 384})["mappings"]["properties"]
    assert fields[vector_field("titan:512")]["dimension"] == 512
    assert fields[vector_field("e5")]["dimension"] == 384


def test_text_is_analyzed_as_italian_and_as_english() -> None:
    text = index_body(OpenSearchOptions(), {})["mappings"]["properties"]["text"]
    assert {name: field["analyzer"] for name, field in text["fields"].items()} == {
        "it": "italian",
        "en": "english",
    }


def test_memory_follows_the_rule_of_the_documentation() -> None:
    assert memory_bytes(1_000_000, 256, OpenSearchOptions(m=16)) == round(
        1.1 * (4 * 256 + 8 * 16) * 1_000_000
    )
    on_disk = OpenSearchOptions(engine=Engine.FAISS, mode=Mode.ON_DISK, compression="32x", m=16)
    assert memory_bytes(1_000_000, 256, on_disk) == round(1.1 * (256 / 8 + 8 * 16) * 1_000_000)
    assert memory_bytes(10, 8, OpenSearchOptions(replicas=1)) == 2 * memory_bytes(10, 8, OpenSearchOptions())


@pytest.mark.parametrize("cosine", [-0.9, 0.0, 0.3, 1.0])
def test_the_cosine_comes_back_out_of_every_measures_score(cosine: float) -> None:
    scores = {
        SpaceType.INNER_PRODUCT: 1 + cosine if cosine >= 0 else 1 / (1 - cosine),
        SpaceType.COSINE: (1 + cosine) / 2,
        SpaceType.L2: 1 / (1 + (2 - 2 * cosine)),
    }
    for space, score in scores.items():
        assert similarity(OpenSearchOptions(space=space), score) == pytest.approx(cosine)


def test_a_filter_is_part_of_the_walk_through_the_graph() -> None:
    filters = Filters(product_models=("XC-200",), doc_types=(DocType.FAQ,))
    body = vector_query(STATE, "v", VECTOR, filters, 10, options=OpenSearchOptions())
    inside = body["query"]["knn"]["v"]["filter"]["bool"]["filter"]
    assert {"term": {"tenant": "acme"}} in inside
    assert all(clause in inside for clause in restrictions(filters))
    assert body["query"]["knn"]["v"]["method_parameters"] == {"ef_search": 200}


def test_the_servers_own_hybrid_query_restricts_both_ways_configuration_only() -> None:
    body = server_hybrid_query(STATE, "la pompa", "it", field="v", vector=VECTOR, filters=Filters(), limit=5)
    words, near = body["query"]["hybrid"]["queries"]
    assert words["bool"]["must"] == [{"match": {"text.it": {"query": "la pompa"}}}]
    for bounded in (words["bool"], near["knn"]["v"]["filter"]["bool"]):
        assert {"term": {"tenant": "acme"}} in bounded["filter"]
        assert bounded["must_not"] == STATE.hidden


def test_pipelines_fuse_by_scores_or_by_ranks_configuration_only() -> None:
    [scores] = normalization_pipeline((0.3, 0.7))["phase_results_processors"]
    assert scores["normalization-processor"]["normalization"] == {"technique": "min_max"}
    assert scores["normalization-processor"]["combination"]["parameters"] == {"weights": [0.3, 0.7]}
    [ranks] = rank_pipeline()["phase_results_processors"]
    assert ranks["score-ranker-processor"]["combination"] == {"technique": "rrf", "rank_constant": 60}


def test_a_pipeline_that_the_server_would_refuse_is_refused_here() -> None:
    with pytest.raises(InvalidSetting, match="add up to 1"):
        normalization_pipeline((0.7, 0.7))
    with pytest.raises(InvalidSetting, match="z_score"):
        normalization_pipeline(normalization=Normalization.Z_SCORE, combination=Combination.GEOMETRIC)
    with pytest.raises(InvalidSetting, match="rank constant 0"):
        rank_pipeline(0)


def test_a_word_in_half_of_the_chunks_weighs_next_to_nothing_as_at_home() -> None:
    figures = Figures(rows=10, mean=20.0, frequencies={"en:rare": 1, "en:common": 8}, stored=10)
    body = words_query(STATE, CHUNK, ["en:rare", "en:common"], figures, 5)
    rare, common = body["rescore"]["query"]["rescore_query"]["script_score"]["script"]["params"]["rarity"]
    assert rare == pytest.approx(np.log(9.5 / 1.5))
    assert common == 1e-6


def test_terms_of_two_tenants_differ() -> None:
    figures = Figures(rows=10, mean=20.0, frequencies={"en:pump": 1}, stored=10)
    bodies = [words_query(TenantState(t), CHUNK, ["en:pump"], figures, 5) for t in ("acme", "globex")]
    terms = [
        body["rescore"]["query"]["rescore_query"]["script_score"]["script"]["params"]["terms"]
        for body in bodies
    ]
    assert terms[0] != terms[1]


def test_vectors_are_written_in_the_fewest_digits_that_come_back_exactly() -> None:
    value = np.float32(0.1)
    assert encoded({"v": np.array([value], np.float32)}) == b'{"v":[0.1]}'


def test_a_load_is_hidden_until_it_is_committed_and_hides_what_it_replaced_then() -> None:
    loading = begun(STATE, 100.0, ["manual"], "a writer")
    [batch] = loading.arriving
    assert {"terms": {"batch": [batch]}} in loading.hidden
    done = committed(loading, 101.0, batch, ["acme.1.0"], 100.0)
    assert {"terms": {"edition": ["acme.1.0"]}} in done.hidden
    assert not done.arriving
    assert done.commits == STATE.commits + 1
