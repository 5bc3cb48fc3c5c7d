"""Languages by name and ISO 639 code, and the script that each is written in."""

from __future__ import annotations

import re

from hardneg.core.errors import unknown_name


def _pairs(table: str) -> dict[str, str]:
    return {code: name.replace("_", " ") for code, name in (pair.split(":") for pair in table.split())}


STEMMED = _pairs("""
    ar:arabic ca:catalan cs:czech da:danish de:german el:greek en:english eo:esperanto es:spanish
    et:estonian eu:basque fa:persian fi:finnish fr:french ga:irish hi:hindi hu:hungarian hy:armenian
    id:indonesian it:italian lt:lithuanian ne:nepali nl:dutch no:norwegian pl:polish pt:portuguese
    ro:romanian ru:russian sr:serbian st:sesotho sv:swedish ta:tamil tr:turkish yi:yiddish
""")
"""The languages that Snowball stems, by ISO 639 code; its version decides which of them are installed."""

OTHERS = _pairs("""
    af:afrikaans am:amharic as:assamese az:azerbaijani ba:bashkir be:belarusian bg:bulgarian bn:bengali
    bo:tibetan br:breton bs:bosnian cy:welsh dz:dzongkha fo:faroese fy:frisian gd:gaelic gl:galician
    gu:gujarati ha:hausa he:hebrew hr:croatian ht:haitian ig:igbo is:icelandic ja:japanese jv:javanese
    ka:georgian kk:kazakh km:khmer kn:kannada ko:korean ku:kurdish ky:kyrgyz la:latin lb:luxembourgish
    lg:ganda ln:lingala lo:lao lv:latvian mg:malagasy mi:maori mk:macedonian ml:malayalam mn:mongolian
    mr:marathi ms:malay mt:maltese my:burmese nb:norwegian_bokmål nn:norwegian_nynorsk oc:occitan om:oromo
    or:odia pa:punjabi ps:pashto qu:quechua rw:kinyarwanda sa:sanskrit sd:sindhi si:sinhala sk:slovak
    sl:slovenian sn:shona so:somali sq:albanian su:sundanese sw:swahili te:telugu tg:tajik th:thai
    tk:turkmen tl:tagalog tt:tatar ug:uyghur uk:ukrainian ur:urdu uz:uzbek vi:vietnamese wa:walloon
    xh:xhosa yo:yoruba yue:cantonese zh:chinese zu:zulu
""")
"""Languages that Snowball does not stem, by ISO 639 code."""

_OTHER_NAMES = _pairs("""
    bangla:bn bokmål:nb bokmal:nb farsi:fa filipino:tl flemish:nl kirghiz:ky mandarin:zh nynorsk:nn oriya:or
    uighur:ug
    afr:af alb:sq amh:am ara:ar arm:hy asm:as aze:az bak:ba baq:eu bel:be ben:bn bod:bo bos:bs bre:br bul:bg
    bur:my cat:ca ces:cs chi:zh cmn:zh cym:cy cze:cs dan:da deu:de dut:nl dzo:dz ell:el eng:en epo:eo est:et
    eus:eu fao:fo fas:fa fil:tl fin:fi fra:fr fre:fr fry:fy geo:ka ger:de gla:gd gle:ga glg:gl gre:el guj:gu
    hat:ht hau:ha heb:he hin:hi hrv:hr hun:hu hye:hy ibo:ig ice:is ind:id isl:is ita:it jav:jv jpn:ja kan:kn
    kat:ka kaz:kk khm:km kin:rw kir:ky kor:ko kur:ku lao:lo lat:la lav:lv lin:ln lit:lt ltz:lb lug:lg mac:mk
    mal:ml mao:mi mar:mr may:ms mkd:mk mlg:mg mlt:mt mon:mn mri:mi msa:ms mya:my nep:ne nld:nl nno:nn nob:nb
    nor:no oci:oc ori:or orm:om pan:pa per:fa pol:pl por:pt pus:ps que:qu ron:ro rum:ro rus:ru san:sa sin:si
    slk:sk slo:sk slv:sl sna:sn snd:sd som:so sot:st spa:es sqi:sq srp:sr sun:su swa:sw swe:sv tam:ta tat:tt
    tel:te tgk:tg tgl:tl tha:th tib:bo tuk:tk tur:tr uig:ug ukr:uk urd:ur uzb:uz vie:vi wel:cy wln:wa xho:xh
    yid:yi yor:yo zho:zh zul:zu
""")
"""Codes of three letters and second names."""

_SCRIPTS = {
    "": "am as bn bo dz gu ja ka km kn ko lo ml my or pa si te th yue zh",
    "arabic": "ar fa ps sd ug ur",
    "armenian": "hy",
    "cyrillic": "ba be bg kk ky mk mn ru tg tt uk",
    "devanagari": "hi mr ne sa",
    "greek": "el",
    "hebrew": "he yi",
    "tamil": "ta",
}
_SCRIPT_OF = {code: script for script, codes in _SCRIPTS.items() for code in codes.split()}
"""The script of each language that is not written in Latin; "" for scripts that are never stemmed."""


def language_code(name: str) -> str:
    """Returns the ISO 639 code of a language given by name or code; `zh-CN` and `pt_BR` are `zh` and `pt`.

    Raises:
        ConfigError: There is no such language; the message suggests the nearest.
    """
    languages = STEMMED | OTHERS
    codes = {language: code for code, language in languages.items()} | _OTHER_NAMES
    given = name.strip().lower()
    for form in (given, re.split("[-_]", given)[0], given.replace("_", " ")):
        if form in languages or form in codes:
            return codes.get(form, form)
    raise unknown_name("language", name, [*languages.values(), "auto", "none"])


def scripts_of(code: str) -> dict[str, str]:
    """Returns the ISO 639 code of one language by each script of it that has a stemmer for some language."""
    scripts = ("latin", "cyrillic") if code == "sr" else (_SCRIPT_OF.get(code, "latin"),)
    return {script: code for script in scripts if script}
