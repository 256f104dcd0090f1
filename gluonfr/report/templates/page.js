// Tabs, tables that sort, pictures in the colours of the scheme. No name of the data is ever made HTML here.
(() => {
  'use strict'
  const root = document.documentElement
  const all = (selector, of = document) => [...of.querySelectorAll(selector)]

  // --- tabs: arrows move, the address remembers
  const tabs = all('[role=tab]')
  const panel = tab => document.getElementById(tab.getAttribute('aria-controls'))
  function open(tab, focus) {
    for (const other of tabs) {
      const chosen = other === tab
      other.setAttribute('aria-selected', chosen)
      other.tabIndex = chosen ? 0 : -1
      panel(other).classList.toggle('open', chosen)
    }
    if (focus) {
      tab.focus()
      history.replaceState(null, '', '#' + panel(tab).id)
    }
  }
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener('click', () => open(tab, true))
    tab.addEventListener('keydown', event => {
      const to = {ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1}[event.key]
      if (to === undefined) return
      event.preventDefault()
      open(tabs[(to + tabs.length) % tabs.length], true)
    })
  }
  const wanted = () => tabs.find(tab => '#' + panel(tab).id === location.hash)
  if (tabs.length) {
    root.classList.add('tabbed')
    open(wanted() || tabs[0])
    addEventListener('hashchange', () => {
      if (!wanted()) return
      open(wanted())
      panel(wanted()).scrollIntoView()  // the browser has scrolled to where it lay below the tab that was open
    })
  }

  // --- tables: a click on a heading sorts, another turns the order round
  for (const table of all('table.sortable')) {
    for (const heading of all('thead th', table)) {
      const button = heading.querySelector('button')
      button.addEventListener('click', () => {
        const up = heading.getAttribute('aria-sort') !== 'ascending'
        for (const other of all('thead th', table)) other.removeAttribute('aria-sort')
        heading.setAttribute('aria-sort', up ? 'ascending' : 'descending')
        const key = row => {
          const cell = row.cells[heading.cellIndex]
          return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value)
        }
        const order = (a, b) => typeof a === typeof b
          ? (typeof a === 'number' ? a - b : a.localeCompare(b, 'en', {numeric: true}))
          : typeof a === 'number' ? -1 : 1
        const rows = [...table.tBodies[0].rows].sort((a, b) => order(key(a), key(b)) * (up ? 1 : -1))
        table.tBodies[0].append(...rows)
      })
    }
  }

  // --- pictures
  const pictures = JSON.parse(document.getElementById('pictures').textContent)
  const drawn = new Map()  // id of a picture -> its models

  function paint() {
    const colours = getComputedStyle(root)
    const [ink, faint, line] = ['--ink', '--faint', '--line'].map(name => colours.getPropertyValue(name).trim())
    for (const model of [...drawn.values()].flat()) {
      if (model.type.endsWith('Axis')) {
        model.setv({axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: faint,
                    major_tick_line_color: faint})
      } else if (model.type === 'Grid') {
        model.setv({grid_line_color: line})
      }
    }
  }

  async function draw() {
    const roots = Object.keys(pictures.places)
    if (roots.length) {
      await Bokeh.embed.embed_items({all: pictures.document}, [{docid: 'all', roots: pictures.places, root_ids: roots}])
      for (const plot of Bokeh.documents[0].roots()) drawn.set(pictures.places[plot.id], [...plot.references()])
      paint()
    }
    for (const query of ['(prefers-color-scheme: dark)', 'print']) matchMedia(query).addEventListener('change', paint)
    root.dataset.drawn = drawn.size
  }

  for (const box of all('input[data-series]')) {
    box.addEventListener('change', () => {
      for (const model of drawn.get(box.dataset.picture) || []) {
        if (model.name === box.dataset.series) model.visible = box.checked
      }
    })
  }

  for (const field of all('input[data-people]')) {
    const said = field.parentElement.querySelector('output')
    field.addEventListener('input', () => {
      const looked = field.value.trim().toLowerCase()
      for (const model of drawn.get(field.dataset.people) || []) {
        if (model.name !== 'people') continue
        const names = [...model.data_source.data.name]
        const found = looked ? names.flatMap((name, i) => name.toLowerCase().includes(looked) ? [i] : []) : []
        model.data_source.selected.indices = found
        said.textContent = looked ? found.length + (found.length === 1 ? ' image' : ' images') : ''
      }
    })
  }

  draw()
})()
