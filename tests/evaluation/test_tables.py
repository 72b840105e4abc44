"""Published numbers and tables; the numbers themselves were compared to their sources by eye."""

import csv
import io
import math

from drln.evaluation.published import PUBLISHED, WHY_CARD_IS_HIGH, published
from drln.evaluation.scores import ImageScore, Scores
from drln.evaluation.tables import comparison, csv_report, format_score, markdown, markdown_report, published_report


def scores(
    dataset="Set5", scale=2, protocol="standard", model="mine", psnr=(30.0, 32.0), total=2, degradation=""
) -> Scores:
    images = tuple(ImageScore(f"{number}.png", value, 0.9 + number / 100) for number, value in enumerate(psnr))
    return Scores(model, dataset, scale, protocol, images, total, degradation)


# The published numbers


def test_two_tables_that_print_the_same_model_agree():
    card, leaders = (
        {(entry.dataset, entry.scale): entry.psnr for entry in published("card", source=source)
         if entry.model == "drln-bam"}
        for source in ("card", "super-image")
    )

    assert card == leaders and len(card) == 12


def test_drln_plus_is_above_drln_and_a_larger_scale_below_a_smaller_one_everywhere():
    value = {(e.source, e.model, e.dataset, e.scale): e.psnr for e in PUBLISHED}

    for (source, model, dataset, scale), psnr in value.items():
        assert value.get((source, model, dataset, scale + 1), 0) < psnr
        if model == "DRLN":
            assert value["paper", "DRLN+", dataset, scale] > psnr


def test_there_is_a_table_for_each_protocol_and_no_mixed_one():
    standard, card = published_report().split("Card's protocol")

    assert "Bicubic (card) | DRLN (paper) | DRLN+ (paper)" in standard and "drln-bam" not in standard
    assert "drln-bam (card)" in card and "paper" not in card


def test_the_rows_are_by_set_and_scale_and_a_gap_is_marked():
    standard = published_report().split("Card's protocol")[0]

    rows = [line.split(" | ")[:3] for line in standard.splitlines() if line.startswith(("| Set5", "| Urban100"))]
    assert [row[1] for row in rows] == ["2x", "3x", "4x"] * 2
    assert rows[0] == ["| Set5", "2x", "33.64 / 0.9292"]
    assert rows[4] == ["| Urban100", "3x", "–"]


def test_other_sources_may_be_asked_for():
    report = published_report(["super-image"])

    assert "Standard" not in report and "| Set5 | 4x | 32.12 |" in report


# Ours beside them


def test_a_table_sets_ours_beside_the_published_numbers_of_the_same_protocol():
    header, rows = comparison([scores(), scores(scale=4), scores(dataset="samples")], "standard")

    assert header == ["Set", "Scale", "mine", "Bicubic (card)", "DRLN (paper)", "DRLN+ (paper)"]
    assert rows == [
        ["Set5", "2x", "31.00 / 0.9050", "33.64 / 0.9292", "38.27 / 0.9616", "38.34 / 0.9619"],
        ["Set5", "4x", "31.00 / 0.9050", "28.42 / 0.8101", "32.63 / 0.9002", "32.74 / 0.9013"],
        ["samples", "2x", "31.00 / 0.9050", "–", "–", "–"],
    ]


def test_a_table_of_the_cards_protocol_has_the_cards_model_alone_beside_ours():
    header, rows = comparison([scores(protocol="card"), scores(protocol="standard", psnr=(99.0, 99.0))], "card")

    assert header == ["Set", "Scale", "mine", "drln-bam (card)"]
    assert rows == [["Set5", "2x", "31.00 / 0.9050", "38.23 / 0.9614"]]


def test_models_that_were_measured_on_different_sets_share_a_table():
    _, rows = comparison([scores(model="a"), scores(model="b", dataset="samples")], "standard")

    assert [row[2:4] for row in rows] == [["31.00 / 0.9050", "–"], ["–", "31.00 / 0.9050"]]


def test_a_set_that_was_not_finished_says_so():
    _, rows = comparison([scores(total=5), scores(scale=3, psnr=(), total=5)], "standard")

    assert rows[0][2] == "31.00 / 0.9050 (2 of 5 images)"
    assert rows[1][2] == "–"


def test_the_report_has_a_table_for_each_protocol_and_never_mixes_them():
    report = markdown_report([scores(protocol="card"), scores(), scores(dataset="BSD100", protocol="card")])

    standard, card = report.split("Card's protocol")
    assert standard.startswith("Standard protocol") and "DRLN (paper)" in standard and "drln-bam" not in standard
    assert "drln-bam (card)" in card and "paper)" not in card and "Bicubic" not in card
    assert WHY_CARD_IS_HIGH in card and WHY_CARD_IS_HIGH not in standard


def test_degraded_and_clean_scores_never_share_a_table_and_published_ones_stand_beside_clean_ones_alone():
    noisy, clean, bd = scores(degradation="noise10", psnr=(20.0, 20.0)), scores(), scores(scale=3, degradation="bd")
    card = scores(protocol="card", psnr=(40.0, 40.0))

    report = markdown_report([noisy, card, bd, clean])

    titles = [line.removesuffix(": PSNR in dB / SSIM") for line in report.splitlines() if line.endswith("dB / SSIM")]
    assert titles == [
        "Standard protocol (of the papers)",
        "Standard protocol (of the papers), LR degraded by noise of sigma 10 (noise10)",
        "Standard protocol (of the papers), LR degraded by a blur of sigma 1.6 (bd)",
        "Card's protocol (of the published models)",
    ]
    tables = report.split("PSNR in dB / SSIM")[1:]
    means = ["31.00 / 0.9050", "20.00 / 0.9050", "31.00 / 0.9050", "40.00 / 0.9050"]
    assert all(mean in table for mean, table in zip(means, tables))
    assert "38.27 / 0.9616" in tables[0] and "20.00" not in tables[0] and "3x" not in tables[0]
    assert not any(word in table for table in tables[1:3] for word in ("paper)", "(card)"))
    assert comparison([noisy, clean], "standard", "noise10") == (
        ["Set", "Scale", "mine"], [["Set5", "2x", "20.00 / 0.9050"]]
    )


def test_notes_on_published_numbers_are_left_out_where_these_are():
    report = markdown_report([scores(dataset="Urban100", degradation="jpeg40")])

    assert "faulty" not in report and "26.66" not in report


def test_csv_names_the_degradation_of_each_score():
    lines = list(csv.DictReader(io.StringIO(csv_report([scores(), scores(degradation="jpeg40")]))))

    assert [line["degradation"] for line in lines] == ["clean"] * 3 + ["jpeg40"] * 3


def test_a_number_that_is_known_to_be_wrong_is_not_printed_without_a_word():
    report = markdown_report([scores(dataset="Urban100"), scores(dataset="Urban100", scale=4)])

    assert "26.66 / 0.8408" in report and report.count("2x files of that set are faulty") == 1


def test_the_samples_alone_need_no_word_on_the_card():
    assert WHY_CARD_IS_HIGH not in markdown_report([scores(dataset="samples", protocol="card")])


def test_markdown_is_a_table():
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_infinity_is_shown_as_such():
    assert format_score(math.inf, 1.0) == "∞ / 1.0000"
    assert float(next(csv.DictReader(io.StringIO(csv_report([scores(psnr=(math.inf,))]))))["psnr"]) == math.inf


def test_csv_has_each_image_and_the_mean_of_complete_sets():
    text = csv_report([scores(), scores(model="other", dataset="a,b", total=9)])

    lines = list(csv.DictReader(io.StringIO(text)))
    assert [(line["model"], line["dataset"], line["image"]) for line in lines] == [
        ("mine", "Set5", "0.png"),
        ("mine", "Set5", "1.png"),
        ("mine", "Set5", "mean"),
        ("other", "a,b", "0.png"),
        ("other", "a,b", "1.png"),
    ]
    assert (float(lines[2]["psnr"]), float(lines[2]["ssim"])) == (31.0, 0.905)
    assert {(line["scale"], line["protocol"]) for line in lines} == {("2", "standard")}
