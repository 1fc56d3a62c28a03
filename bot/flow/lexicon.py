"""Words of people's languages that the program itself has to know."""

from __future__ import annotations

from collections.abc import Mapping

#: Yes and no as shown, then everything that is understood as it.
YES_NO: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (("Yes", "y", "yeah", "yep", "yup", "yea", "ya", "sure", "ok", "okay", "of course",
            "certainly", "definitely", "absolutely", "correct", "right", "true", "please do",
            "yes please", "sounds good", "that is right", "thats right", "affirmative", "i do",
            "why not", "go ahead", "fine", "agreed", "indeed", "yes i do", "yes it is"),
           ("No", "n", "nope", "nah", "no thanks", "no thank you", "not really", "never",
            "negative", "false", "wrong", "incorrect", "dont", "not now", "i dont", "no way",
            "of course not", "no i dont", "no it isnt", "not at all")),
    "zh": (("是", "是的", "对", "对的", "好", "好的", "行", "可以", "要", "嗯", "嗯嗯", "没错",
            "当然",
            "确定", "确认", "同意", "有", "没问题", "是啊", "對", "沒錯", "當然", "確定", "確認",
            "沒問題",
            "好啊", "好呀", "好吧", "对啊", "需要", "愿意", "願意"),
           ("否", "不", "不是", "不对", "不要", "不行", "不用", "不可以", "没有", "不好",
            "不需要", "不同意",
            "不了", "不用了", "没", "沒有", "不對", "沒", "不愿意", "不願意", "错", "錯",
            "不确定")),
    "de": (("Ja", "j", "jawohl", "jo", "jep", "klar", "genau", "richtig", "stimmt", "gerne",
            "natürlich", "sicher", "ja bitte", "na klar", "ok", "okay", "in ordnung", "passt"),
           ("Nein", "n", "nö", "nee", "ne", "nein danke", "nicht", "auf keinen fall", "falsch",
            "stimmt nicht", "niemals")),
    "es": (("Sí", "s", "claro", "por supuesto", "correcto", "vale", "de acuerdo", "cierto",
            "si por favor", "exacto", "ok", "bueno", "desde luego", "verdadero"),
           ("No", "n", "no gracias", "nunca", "para nada", "falso", "incorrecto",
            "de ninguna manera")),
    "fr": (("Oui", "o", "ouais", "ouaip", "bien sûr", "d'accord", "exact", "exactement", "correct",
            "oui merci", "ok", "certainement", "volontiers", "vrai", "c'est ça",
            "oui s'il vous plaît"),
           ("Non", "n", "nan", "non merci", "pas du tout", "jamais", "faux", "pas vraiment")),
    "it": (("Sì", "s", "certo", "esatto", "va bene", "certamente", "giusto", "ok", "d'accord",
            "d'accordo", "si grazie", "vero", "sì per favore"),
           ("No", "n", "no grazie", "mai", "per niente", "sbagliato", "falso")),
    "pt": (("Sim", "s", "claro", "com certeza", "certo", "correto", "isso", "pode ser", "ok",
            "está bem", "tá", "tá bom", "sim por favor", "exato", "verdadeiro"),
           ("Não", "n", "nao obrigado", "não obrigada", "nunca", "de jeito nenhum", "errado",
            "falso")),
    "nl": (("Ja", "j", "jawel", "jazeker", "zeker", "klopt", "prima", "goed", "graag", "ok",
            "oké", "natuurlijk"),
           ("Nee", "n", "neen", "nee dank je", "nee bedankt", "niet", "nooit", "klopt niet")),
    "pl": (("Tak", "t", "no tak", "jasne", "oczywiście", "zgadza się", "dobrze", "ok", "pewnie"),
           ("Nie", "n", "nie dziękuję", "nigdy", "wcale nie")),
    "ru": (("Да", "д", "ага", "конечно", "верно", "хорошо", "ок", "точно", "угу"),
           ("Нет", "н", "не", "неа", "нет спасибо", "никогда", "неверно")),
    "uk": (("Так", "ага", "звичайно", "добре", "вірно", "авжеж"),
           ("Ні", "не", "ні дякую", "ніколи")),
    "tr": (("Evet", "e", "tabii", "tabi", "tamam", "olur", "doğru", "elbette"),
           ("Hayır", "h", "yok", "olmaz", "istemiyorum", "hayır teşekkürler")),
    "ar": (("نعم", "اي", "ايوه", "اكيد", "طبعا", "صحيح", "تمام", "حسنا"),
           ("لا", "لا شكرا", "كلا", "ابدا")),
    "hi": (("हाँ", "हां", "हा", "जी", "जी हाँ", "जी हां", "ठीक है", "सही", "बिल्कुल", "haan"),
           ("नहीं", "नही", "ना", "जी नहीं", "गलत", "nahi")),
    "id": (("Ya", "iya", "betul", "benar", "tentu", "boleh", "ok", "setuju"),
           ("Tidak", "nggak", "gak", "tak", "bukan", "jangan", "salah")),
    "ja": (("はい", "ええ", "うん", "そうです", "お願いします", "正しい", "いいです"),
           ("いいえ", "いや", "違います", "ちがいます", "結構です", "だめ")),
    "ko": (("예", "네", "넵", "응", "맞아요", "좋아요", "그래요"),
           ("아니요", "아니오", "아뇨", "아니", "싫어요", "틀려요")),
    "vi": (("Có", "vâng", "dạ", "đúng", "ừ", "được", "đồng ý"),
           ("Không", "ko", "sai", "không phải", "chưa")),
    "th": (("ใช่", "ใช่ครับ", "ใช่ค่ะ", "ครับ", "ค่ะ", "ตกลง", "ได้"),
           ("ไม่", "ไม่ใช่", "ไม่ครับ", "ไม่ค่ะ", "ไม่เอา", "ไม่ได้")),
    "sw": (("Ndiyo", "ndio", "naam", "sawa"), ("Hapana", "la", "siyo")),
    "fa": (("بله", "آره", "درسته", "حتما"), ("خیر", "نه", "نخیر")),
    "he": (("כן", "בטח", "נכון", "בסדר"), ("לא", "לא תודה", "ממש לא")),
    "el": (("Ναι", "βεβαίως", "σωστά", "εντάξει"), ("Όχι", "οχι ευχαριστώ", "λάθος")),
    "sv": (("Ja", "j", "japp", "visst", "absolut", "stämmer"), ("Nej", "n", "nej tack", "inte")),
    "da": (("Ja", "j", "jo", "jep", "selvfølgelig"), ("Nej", "n", "nej tak", "ikke")),
    "nb": (("Ja", "j", "jo", "klart", "selvfølgelig"), ("Nei", "n", "nei takk", "ikke")),
    "fi": (("Kyllä", "joo", "juu", "kyllä kiitos", "totta kai"), ("Ei", "en", "ei kiitos")),
    "ro": (("Da", "sigur", "desigur", "corect", "bine"), ("Nu", "nu mulțumesc", "niciodată")),
    "cs": (("Ano", "jo", "jasně", "samozřejmě", "správně"), ("Ne", "ne děkuji", "nikdy")),
    "hu": (("Igen", "i", "persze", "rendben", "helyes"), ("Nem", "n", "nem köszönöm", "soha")),
}


def base(language: str) -> str:
    """The language without its region: pt of pt-BR."""
    return language.replace("_", "-").partition("-")[0].lower()


def yes_no(language: str, default_language: str, answer: bool) -> str:
    """Yes or no as people of this language write it."""
    words = YES_NO.get(base(language)) or YES_NO.get(base(default_language)) or YES_NO["en"]
    return words[0][0] if answer else words[1][0]
