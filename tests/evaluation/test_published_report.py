from drln.evaluation import published_report


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
