"""Asking the manuals: sentences as they are verified, their sources, and plain words where there is nothing."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tools.console import Visit

Open = Callable[..., Visit]

QUESTION = "La stazione XC-200 mostra E029 e si ferma dopo dieci minuti"
UNKNOWN = "Quale vino si abbina alla trota salmonata con le mandorle?"


def ask(page: Page, question: str) -> None:
    page.get_by_label("Che problema c'è?").fill(question)
    page.keyboard.press("Enter")


def answered(page: Page) -> None:
    expect(page.locator("rim-remedy .sentence").first).to_be_visible()


def test_every_sentence_appears_as_soon_as_it_is_verified(open_as: Open) -> None:
    visit = open_as("operator")
    visit.go("/ask")
    page = visit.page
    page.locator(".ask-answer").wait_for(state="attached")
    page.evaluate(
        """() => {
          window.seen = [];
          const written = (node) => node.matches?.(".written");
          new MutationObserver((records) => window.seen.push(
            ...records.flatMap((record) => [...record.addedNodes].filter(written).map((node) => node.textContent))))
            .observe(document.querySelector(".ask-answer"), { childList: true, subtree: true });
        }"""
    )
    ask(page, QUESTION)
    answered(page)
    seen = page.evaluate("window.seen")
    final = page.locator("rim-remedy .sentence .sentence-text").all_inner_texts()
    assert len(seen) == len(final) > 3
    assert all(text.strip() in shown for text, shown in zip(final, seen, strict=True))


def test_a_sentence_shows_its_passage_beside_it(open_as: Open) -> None:
    visit = open_as("operator")
    visit.go("/ask")
    page = visit.page
    ask(page, QUESTION)
    answered(page)
    sentence = page.locator("rim-remedy .sentence").nth(1)
    sentence.click()
    said = re.sub(r"\s+", " ", sentence.locator(".sentence-text").inner_text()).strip()
    expect(page.locator(".ask-sources mark").first).to_contain_text(said[:20])


def test_what_is_not_documented_is_said_in_plain_words(open_as: Open) -> None:
    visit = open_as("technician")
    visit.go("/ask")
    page = visit.page
    ask(page, UNKNOWN)
    expect(page.get_by_role("heading", name="Non è nella documentazione")).to_be_visible()
    expect(page.locator("rim-remedy")).to_have_count(0)


def test_a_question_becomes_a_ticket_with_its_words(open_as: Open) -> None:
    visit = open_as("operator")
    visit.go("/ask")
    page = visit.page
    page.get_by_label("Modello").fill("XC-200")
    page.get_by_label("Codice di errore").fill("E029")
    ask(page, QUESTION)
    answered(page)
    page.get_by_role("link", name="Apri un ticket da qui").click()
    expect(page.locator("[name=symptom_text]")).to_have_value(QUESTION)
    expect(page.locator("[name=model]")).to_have_value("XC-200")
    expect(page.locator("[name=error_code]")).to_have_value("E029")
    expect(page.locator("[name=product_type]")).to_have_value("EV_CHARGER")


def test_earlier_questions_stay_for_the_session(open_as: Open) -> None:
    visit = open_as("operator")
    visit.go("/ask")
    page = visit.page
    ask(page, QUESTION)
    answered(page)
    ask(page, UNKNOWN)
    expect(page.get_by_role("heading", name="Non è nella documentazione")).to_be_visible()
    page.reload()
    page.locator(".asked", has_text=QUESTION).click()
    answered(page)
    page.get_by_role("button", name="Dimentica tutto").click()
    expect(page.locator(".asked")).to_have_count(0)


def test_models_are_suggested_and_an_unlikely_code_is_mentioned(open_as: Open) -> None:
    visit = open_as("operator")
    visit.go("/ask")
    page = visit.page
    expect(page.locator("datalist option[value='XC-200']")).to_have_count(1)
    page.get_by_label("Codice di errore").fill("29-banana")
    expect(page.get_by_text("I codici di questo apparecchio sono diversi")).to_be_visible()


def test_an_empty_question_is_not_sent(open_as: Open) -> None:
    visit = open_as("operator")
    visit.go("/ask")
    page = visit.page
    page.get_by_role("button", name="Chiedi").click()
    expect(page.get_by_text("Scrivi che cosa non va")).to_be_visible()
    expect(page.get_by_label("Che problema c'è?")).to_be_focused()


def test_html_in_a_question_stays_text(open_as: Open) -> None:
    visit = open_as("operator")
    visit.go("/ask")
    page = visit.page
    ask(page, "<img src=x onerror=alert(1)> E029 sulla stazione XC-200")
    expect(page.locator(".asked-question")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator("rim-remedy .sentence, .nothing").first).to_be_visible()
    assert page.locator(".ask img").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_an_answer(open_as: Open, theme: str) -> None:
    visit = open_as("operator", theme=theme)
    visit.go("/ask")
    ask(visit.page, QUESTION)
    answered(visit.page)
    assert visit.violations() == []


def test_a_phone_shows_an_answer_and_opens_its_passage_above(open_as: Open) -> None:
    visit = open_as("technician", phone=True)
    visit.go("/ask")
    page = visit.page
    ask(page, QUESTION)
    answered(page)
    assert visit.overflow() == 0
    page.locator("rim-remedy .sentence").first.click()
    expect(page.get_by_role("dialog").locator("rim-passage mark").first).to_be_visible()
