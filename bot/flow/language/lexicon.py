"""Words of people's languages that the program itself has to know."""

from __future__ import annotations

from collections.abc import Mapping

from bot.flow.language.tags import base

#: Yes and no as shown, then everything that is understood as it.
YES_NO: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (("Yes", "y", "yeah", "yep", "yup", "yea", "ya", "sure", "ok", "okay", "of course",
            "certainly", "definitely", "absolutely", "correct", "right", "true", "please do",
            "yes please", "sounds good", "that is right", "thats right", "affirmative", "i do",
            "why not", "go ahead", "fine", "agreed", "indeed", "yes i do", "yes it is", "perfect",
            "great", "exactly", "thats fine", "that is fine", "thats correct", "that is correct",
            "this is correct", "this is right", "all good", "looks good", "all correct"),
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


def yes_no(language: str, default_language: str, answer: bool) -> str:
    """Yes or no as people of this language write it."""
    words = YES_NO.get(base(language)) or YES_NO.get(base(default_language)) or YES_NO["en"]
    return words[0][0] if answer else words[1][0]


_COMMON_ENGLISH = """
a about after again all also am an and any are aren arent as at be because been before being both
but by came can cant cannot come could couldnt did didnt do does doesnt doing done dont down each
else even ever every few first for from get gets getting give given go goes going gone gonna good
got had hadnt has hasnt have havent having he her here hers him his hi how i id if ill im in into
is isnt it its ive just know last let lets like little made make makes many may maybe me might
mine more most much must my need needs never new next no not now of off ok okay on once one only
or other our out over own please put quite rather really right said same saw say says see shall
she should shouldnt since so some someone something soon still such sure take tell than thank
thanks that thats the their them then there these they thing things think this those though three
time to too try two under until up us use used very want wanted wants was wasnt way we well went
were werent what whats when where which while who why will with wont would wouldnt yes yet you
your yours hello hey u ur pls plz thx wanna gotta older elder border horde
"""
#: So frequent, in its language, that it says nothing about the subject, and is never taken for a
#: mistyped keyword.
COMMON_ENGLISH = frozenset(_COMMON_ENGLISH.split())
_COMMON_ELSEWHERE = """
der die das ein eine einen einem einer den dem des und oder ich du er sie es wir ihr mein meine
meinen meinem meiner dein deine ist sind war bin hat habe haben wird werden kann konnte mit von zu
zum zur auf an im in am fur bei nach aus auch noch nur schon nicht kein keine wie was wer wo wann
warum bitte danke mochte will wollen muss soll mal man so dass wenn ja nein hallo guten tag
el la los las un una unos unas y o de del al en con por para que qué es son fue mi mis tu tus su
sus me te se le lo yo no si como donde cuando quien porque mas muy ya quiero quisiera puedo puede
tengo necesito favor gracias hola
le les des du et ou au aux ce cet cette ces mon ma mes ton ta tes son sa ses je tu il elle nous
vous ils elles ne pas est sont suis ai as avez avec pour par sur dans qui quoi comment quand
pourquoi plus tres deja veux voudrais peux peut dois besoin bonjour merci svp
il lo gli i uno di da nel nella su per tra fra che chi non sono ho hai ha mio mia miei mie vorrei
voglio posso puoi devo come dove quando perche piu molto gia ciao grazie prego
os as um uma do da dos das no na nos nas por com sem eu ele ela meu minha seu sua nao sim quero
gostaria posso pode preciso onde quando porque ja ola obrigado obrigada
de het een en of ik jij je hij zij wij mijn jouw zijn is was ben heb heeft met van voor op aan bij
naar uit ook nog niet geen hoe wat wie waar wanneer waarom graag dank wil kan moet
"""
COMMON_ELSEWHERE = frozenset(_COMMON_ELSEWHERE.split()) - COMMON_ENGLISH
COMMON = COMMON_ENGLISH | COMMON_ELSEWHERE

_NEGATIONS = """
no not dont doesnt didnt never cant cannot wont isnt arent wasnt without neither nor none
nicht kein keine keinen nie ohne nunca jamas sin pas jamais sans non nessun senza nao sem niet geen
"""
#: Words that turn a sentence round.
NEGATIONS = frozenset(_NEGATIONS.split())
RUN_NEGATIONS = ("不", "没", "別", "别", "未", "无", "無", "ない", "ไม่")

_FILLER = """
a actually alright an and all right am can could do for get give go going good guys have hello hey
hi i id im ill it its just kindly let lets like me mate may might must my need now ok okay oh on
please pls plz plss pleas plz really right so sorry sir madam thank thanks thx ty that the then this
to too u us want wanna wanted we well will with would yes yeah yep you your your here quickly asap
immediately today first again dear team there guys is be able wish prefer rather
bitte danke ich mochte will wollen kann konnte konnten mir mal doch jetzt gerne einmal das es hallo
ja nun einfach den die der ein eine einen mit zu
por favor gracias quiero quisiera puedo puede me lo la el un una ahora hola necesito si ya con
svp merci je veux voudrais peux pouvez vous s il te plait maintenant bonjour le les une moi oui
per favore grazie vorrei voglio posso mi ora adesso ciao si
obrigado obrigada quero queria gostaria eu agora ola sim o
alstublieft alsjeblieft graag ik wil nu dank je hoi
"""
#: What may stand around a command without making another sentence of it.
FILLER = frozenset(_FILLER.split()) - NEGATIONS

_ASKING = """
able aid answer ask asking assist assistance call calling check clue explain find happen happened
help helped helping helps idea info inform information issue issues knowing ones possible possibly
problem problems question questions see show somehow somebody someone support tell tried tries
today tomorrow tonight trouble troubles try trying way ways whats wonder wondering yesterday gimme
lemme gonna dunno ya yall
hilfe helfen frage fragen problem probleme zeigen sagen wissen info information moglich
ayuda ayudar ayudame pregunta problema informacion saber mostrar posible
aide aider question probleme renseignement savoir montrer possible
aiuto aiutare domanda problema informazioni sapere possibile
ajuda ajudar pergunta problema informacoes saber possivel hulp helpen vraag probleem weten
"""
#: What people ask in, whatever they ask for: such words say little about the subject.
ASKING = (frozenset(_ASKING.split()) | FILLER) - COMMON
_TEMPER = """
arse ass asshole bastard bitch bloody bollocks bullshit crap crappy cunt damn damned dammit dick
effing fck fckn fking freaking frickin frigging fuck fucked fucken fuckin fucking fucks goddam
goddamn goddamned hell omg piss pissed shit shitty stupid wtf
scheiss scheisse verdammt verdammte verdammten verfluchte mierda joder puta merde putain cazzo
merda porra verdomme kut
"""
#: Temper changes nothing in what somebody wants.
TEMPER = frozenset(_TEMPER.split())

RUN_FILLER: tuple[str, ...] = (
    "请问", "请", "請", "麻烦", "麻煩", "帮我", "幫我", "帮忙", "帮", "我想要", "我想", "我要",
    "我需要",
    "我", "想要", "想", "要", "需要", "给我", "給我", "给", "可以", "可不可以", "能不能", "能",
    "可否",
    "你们", "你", "您", "一下", "一个", "个", "吧", "吗", "嗎", "呢", "啊", "呀", "哦", "嗯",
    "谢谢",
    "謝謝", "谢", "多谢", "了", "现在", "現在", "马上", "马上就", "立刻", "好的", "好", "那",
    "就", "这个",
    "这", "的", "把", "先", "还是", "说", "说话", "跟", "和", "与", "请您", "直接", "快", "尽快",
    "拜托",
    "お願いします", "ください", "したい", "です", "を", "が", "に", "で", "と", "は", "ครับ",
    "ค่ะ", "คะ",
    "ขอ", "หน่อย", "ช่วย", "ด้วย")

#: Characters that say nothing where they stand alone: of filler, of grammar and of questions.
RUN_LIGHT = frozenset(
    "".join(RUN_FILLER) + "怎么什麼哪几幾多少没沒有是会會还還都也很太些样樣为為才又再对對"
    "从從" "のもかなしすまいうるれたてでこそあ")
