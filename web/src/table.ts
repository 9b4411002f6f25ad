import { h, whole, type Child } from './dom';

export interface Column<T> {
  title: string;
  cell: (row: T) => Child | Child[];
  /** What the column is sorted by; without it, it is not. */
  value?: (row: T) => number | string;
  kind?: 'number' | 'text' | 'long' | 'picture';
  hint?: string;
}

export interface TableOptions<T> {
  label: string;
  page?: number;
  /** What a filter is matched with; without it there is no filter. */
  search?: (row: T) => string;
  /** Column and direction at first; the rows' own order without it. */
  sorted?: { column: number; down: boolean };
}

/** A table that sorts by its headings and, where asked, filters; long ones show a page at a time. */
export function table<T>(rows: T[], columns: Column<T>[], options: TableOptions<T>): HTMLElement {
  const page = options.page ?? 25;
  let sorted = options.sorted ?? null;
  let shown = page;
  let filter = '';
  const body = h('tbody');
  const count = h('p', { class: 'count', role: 'status' });
  const more = h('button', { type: 'button', class: 'more', click: () => { shown += 4 * page; draw(); } }, 'Show more');

  const heads = columns.map((column, i) => {
    const content = column.value
      ? h('button', { type: 'button', class: 'sort', click: () => { sort(i); } }, column.title)
      : column.title;
    return h('th', { scope: 'col', class: column.kind === 'number' ? 'number' : null, title: column.hint }, content);
  });

  function sort(column: number): void {
    const numbers = columns[column].kind === 'number';
    sorted = { column, down: sorted?.column === column ? !sorted.down : numbers };
    shown = page;
    draw();
  }

  function current(): T[] {
    const search = options.search;
    const words = filter.toLowerCase().split(/\s+/).filter(word => word.length > 0);
    const kept = search && words.length > 0 ? rows.filter(row => { const text = search(row).toLowerCase(); return words.every(word => text.includes(word)); }) : rows.slice();
    const value = sorted ? columns[sorted.column].value : undefined;
    if (!sorted || !value) return kept;
    const direction = sorted.down ? -1 : 1;
    return kept.sort((a, b) => { const [x, y] = [value(a), value(b)]; return direction * (x < y ? -1 : x > y ? 1 : 0); });
  }

  function draw(): void {
    const kept = current();
    heads.forEach((head, i) => { if (columns[i].value) head.setAttribute('aria-sort', sorted?.column === i ? (sorted.down ? 'descending' : 'ascending') : 'none'); });
    body.replaceChildren(...kept.slice(0, shown).map(row => h('tr', {}, columns.map(column => h('td', { class: column.kind ?? null, 'data-title': column.title }, column.cell(row))))));
    more.hidden = kept.length <= shown;
    count.hidden = !options.search && kept.length <= shown;
    count.textContent = kept.length === 0 ? 'No row matches.' : kept.length <= shown ? `${whole(kept.length)} of ${whole(rows.length)} shown` : `${whole(shown)} of ${whole(kept.length)} shown`;
  }

  const search = options.search
    ? h('input', { type: 'search', class: 'filter', placeholder: 'Filter\u2026', 'aria-label': `Filter ${options.label}`, input: event => { filter = (event.target as HTMLInputElement).value; shown = page; draw(); } })
    : null;
  draw();
  return h('div', { class: columns.some(column => column.kind === 'long' || column.kind === 'picture') ? 'table stack' : 'table' },
    search,
    h('div', { class: 'scroll', tabindex: columns.length > 4 ? 0 : null, role: 'region', 'aria-label': options.label }, h('table', {}, h('thead', {}, h('tr', {}, heads)), body)),
    h('div', { class: 'foot' }, count, more));
}
