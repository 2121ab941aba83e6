"""Texts in another language than the encoder's are reported; technical, short and colloquial English is not."""

import pytest

from core.data.checks.language import check_language
from core.data.samples import SAMPLES
from tests.data.checks.cases import label_rows

FOREIGN = {
    "German": [
        "Das Paket kam viel zu spät an",
        "Ich wurde doppelt belastet",
        "Wo ist meine Bestellung?",
        "Das Essen war kalt",
    ],
    "French": [
        "Le colis est arrivé trop tard",
        "J'ai été débité deux fois",
        "Où est ma commande ?",
        "Le repas était froid",
    ],
    "Spanish": [
        "El paquete llegó demasiado tarde",
        "Me cobraron dos veces esta vez",
        "¿Dónde está mi pedido?",
        "Estaba fría y cara",
    ],
    "Vietnamese": [
        "Gói hàng đến quá muộn",
        "Tôi bị tính phí hai lần",
        "Đơn hàng của tôi ở đâu?",
        "Món ăn nguội và đắt",
    ],
    "Chinese": ["包裹来得太晚了我很生气", "我被收了两次钱", "服务非常好下次再来", "饭菜又冷又贵"],
    "Turkish": [
        "Paket çok geç geldi maalesef",
        "Benden iki kez ücret alındı",
        "Siparişim nerede acaba?",
        "Yemek soğuk ve pahalıydı",
    ],
}
ENGLISH = {
    "technical": ["NullPointerException in kubectl apply", "pip install fails with ModuleNotFoundError", "set GPU batch size 16",
                  "docker compose up -d nginx", "refactor the async REST API endpoint", "CUDA out of memory"],
    "medical": ["acute myocardial infarction with stent", "bilateral pneumonia, no effusion", "diabetes mellitus"],
    "chat": ["lol ok thx", "u coming 2nite?", "omg so funny haha", "gonna be late sorry", "k see ya"],
    "short": ["where is it", "charged twice", "cold food", "good room", "bad"],
    "names": ["Juventus beat Real Madrid 2-1 in Turin", "Angela Merkel met Emmanuel Macron in Paris", "Samsung sues Apple"],
    "no words": ["1234", ":-)", "http://x.org/1", "???", "12:30"],
}  # fmt: skip


def check(texts: list[str]) -> list[str]:
    return [
        found.message
        for found in check_language(label_rows([(texts[i % len(texts)], "ab"[i % 2]) for i in range(60)])[2])
    ]


@pytest.mark.parametrize("language", FOREIGN)
def test_another_language_is_named(language: str) -> None:
    (message,) = check(FOREIGN[language])
    assert f"texts are in {language}" in message


@pytest.mark.parametrize("language", FOREIGN)
def test_a_part_in_another_language_is_enough(language: str) -> None:
    assert check(
        [*FOREIGN[language], *(str(text) for sample in SAMPLES[:1] for text in sample.read().frame["message"][:8])]
    )


@pytest.mark.parametrize("kind", ENGLISH)
def test_english_is_not_reported(kind: str) -> None:
    assert check(ENGLISH[kind]) == []
