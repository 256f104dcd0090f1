"""A report in a real Chromium: no complaint in its console, tabs, keys, sorting, what the mouse finds, dark, phone."""
import pytest

pytest.importorskip('bokeh')
pytest.importorskip('jinja2')
from browser_cases import chromium, chromium_problem, open_page  # noqa: E402
from report_cases import evil_result, make_result, make_run  # noqa: E402

from gluonfr.report import write_report  # noqa: E402

pytestmark = pytest.mark.skipif(chromium_problem() is not None, reason=str(chromium_problem()))

DRAWN = 'document.documentElement.dataset.drawn !== undefined'
OPEN = "[...document.querySelectorAll('.panel.open')].map(panel => panel.id).join()"


@pytest.fixture(scope='module')
def browser(tmp_path_factory):
    """One Chromium for all tests."""
    with chromium(tmp_path_factory.mktemp('chromium')) as found:
        yield found


@pytest.fixture(scope='module')
def reports(tmp_path_factory):
    """The paths of reports by name."""
    folder = tmp_path_factory.mktemp('reports')
    sources = {'whole': [make_result(pairs=400), make_result('other', gap=2.5, seed=1, pairs=400), make_run(folder)],
               'evil': [evil_result()]}
    return {name: write_report(found, str(folder / (name + '.html'))) for name, found in sources.items()}


@pytest.fixture(scope='module')
def page(browser, reports):
    """The whole report, drawn."""
    found = open_page(browser, reports['whole'])
    found.wait_for(DRAWN)
    return found


def test_all_pictures_are_drawn_and_nothing_is_complained_of(page):
    count = page.run("Object.keys(JSON.parse(document.getElementById('pictures').textContent).places).length")
    assert page.run('Number(document.documentElement.dataset.drawn)') == count == 17
    boxes = page.run("[...document.querySelectorAll('.plot')].map(plot => [plot.getBoundingClientRect().width, "
                     "plot.firstElementChild.getBoundingClientRect().height])")
    assert all(width > 700 and height > 200 for width, height in boxes)
    assert page.complaints() == []


def test_tabs_follow_clicks_and_keys(page):
    page.click('#scores-tab')
    assert page.run(OPEN) == 'scores' and page.run("location.hash") == '#scores'
    for key, panel in (('ArrowRight', 'groups'), ('ArrowLeft', 'scores'), ('End', 'repeat'), ('ArrowRight', 'summary'),
                       ('ArrowLeft', 'repeat'), ('Home', 'summary')):
        page.press(key)
        assert page.run(OPEN) == panel == page.run("document.activeElement.getAttribute('aria-controls')")
    assert page.run("document.querySelectorAll('[role=tab][tabindex=\"0\"]').length") == 1
    page.press('Tab', 9)
    assert page.run("document.activeElement.closest('.panel.open') !== null")  # what is not seen gets no focus


def test_an_address_opens_its_tab(browser, reports):
    page = open_page(browser, reports['whole'])
    page.run("location.hash = '#numbers'")
    page.wait_for(OPEN + " === 'numbers'")
    heading = "document.querySelector('#numbers h2').getBoundingClientRect().top"
    page.wait_for("document.querySelector('[role=tablist]').getBoundingClientRect().bottom <= " + heading)


def test_tables_sort_by_number_and_back(page):
    page.click('#numbers-tab')
    column = ("[...document.querySelectorAll('#numbers table')].find(t => t.caption.textContent == 'protocol groups')")
    values = "[...{}.tBodies[0].rows].map(row => row.cells[3].textContent.slice(0, 5)).join()".format(column)
    before = page.run(values)
    sort = "{}.tHead.rows[0].cells[3].querySelector('button').click()".format(column)
    page.run(sort)
    assert page.run(values) == '93.00,93.00,96.00,96.00,97.00,97.00,97.50,97.50,98.00,98.00' != before
    assert page.run("{}.tHead.rows[0].cells[3].getAttribute('aria-sort')".format(column)) == 'ascending'
    page.run(sort)
    assert page.run(values).startswith('98.00,98.00,97.50')


BOXES = """(() => {
  const found = []
  const look = root => {
    for (const element of root.querySelectorAll('*')) {
      if (!element.shadowRoot) continue
      if (element.classList.contains('bk-Tooltip')) {
        found.push(...[...element.shadowRoot.children].filter(e => e.localName != 'style').map(e => e.textContent))
      } else {
        look(element.shadowRoot)
      }
    }
  }
  look(document)
  return found.join(' ')
})()"""


def under_the_mouse(page, name, x=0.5):
    """The text of the box under a mouse that wanders down a picture."""
    page.call('Page.bringToFront')
    left, top, width, height = page.box('#' + name)
    for share in range(15, 85, 5):
        page.move(left + x * width, top + share / 100 * height)
        text = page.run('new Promise(then => setTimeout(() => then({}), 40))'.format(BOXES))
        if text:
            return text
    return ''


def test_what_lies_under_the_mouse_is_said(page):
    page.click('#curves-tab')
    said = under_the_mouse(page, 'picture-roc')
    assert 'mobilefacenet' in said and 'tar' in said and '%' in said


def test_curves_can_be_hidden(page):
    shown = ("[...Bokeh.documents[0].roots()[0].references()].filter(model => model.name == 'series-1' && "
             "model.visible === {}).length")
    assert page.run(shown.format('false')) == 0 < page.run(shown.format('true'))
    page.click('#curves input[data-series=series-1]')
    assert page.run(shown.format('true')) == 0 < page.run(shown.format('false'))
    page.click('#curves input[data-series=series-1]')


def test_a_person_is_found_in_the_map(page):
    page.click('#map-tab')
    page.run("document.querySelector('#map input').focus()")
    page.call('Input.insertText', text='person 11')
    count = page.run("document.querySelector('#map output').textContent")
    assert count.endswith(' images') and 5 < int(count.split()[0]) < 60


def test_dark_phone_and_paper(browser, reports):
    page = open_page(browser, reports['whole'], width=390, height=844, dark=True, phone=True)
    page.wait_for(DRAWN)
    for name in ('summary', 'curves', 'pairs', 'numbers', 'repeat'):
        page.run("document.getElementById('{}-tab').click()".format(name))
        assert page.run('document.documentElement.scrollWidth') <= 390, name
    ink = ("(() => {{ const axis = [...Bokeh.documents[0].roots()[0].references()].find(m => m.type.endsWith('Axis'));"
           "return axis.axis_label_text_color.value ?? axis.axis_label_text_color }})() === '{}'")
    page.wait_for(ink.format('#e6e9ed'))
    page.set_media(dark=False)
    page.wait_for(ink.format('#1b1f24'))
    page.set_media(dark=True, media='print')
    page.wait_for(ink.format('#000000'))
    assert page.run("[...document.querySelectorAll('.panel')].every(panel => getComputedStyle(panel).visibility == "
                    "'visible' && panel.getBoundingClientRect().height > 100)")
    assert page.complaints() == []


def test_names_run_nothing(browser, reports):
    page = open_page(browser, reports['evil'])
    page.wait_for(DRAWN)
    page.run("document.getElementById('curves-tab').click()")
    assert 'onerror' in under_the_mouse(page, 'picture-roc')
    page.run("document.getElementById('map-tab').click()")
    said = ''.join(under_the_mouse(page, 'picture-map-0', x / 100) for x in range(8, 60, 8))
    assert '<img src=x onerror' in said
    assert page.run('document.title') != 'owned' and page.run("document.querySelectorAll('[onerror]').length") == 0
    assert page.complaints() == []


def test_without_scripts_every_part_can_be_read(browser, reports, tmp_path):
    path = tmp_path / 'bare.html'
    with open(reports['whole'], encoding='utf-8') as file:
        text = file.read()
    path.write_text(text.replace('sha256-', 'sha256-x'), encoding='utf-8')
    page = open_page(browser, path)
    assert page.run("[...document.querySelectorAll('.panel')].every(panel => getComputedStyle(panel).visibility == "
                    "'visible' && panel.getBoundingClientRect().height > 0)")
