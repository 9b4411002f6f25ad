import { h, number, plural, whole, type Child } from './dom';
import { gallery, pictureColumn } from './pictures';
import { table, type Column } from './table';
import type { Row, RunData } from './data';

/** Characters of a text that are shown at first. */
const folded = 400;

/** A row's text; a long one in part, until it is asked for. */
export function textOf(row: Pick<Row, 'text'>): Child {
  const text = row.text;
  if (text === null) return h('span', { class: 'muted' }, 'not in this report');
  if (text.length <= folded * 1.2) return text;
  const place = h('span', {}, `${text.slice(0, folded)}\u2026`);
  const button = h('button', { type: 'button', class: 'quiet', click: () => { place.textContent = text; button.remove(); } }, 'all of it');
  return h('span', {}, place, ' ', button);
}

/** The columns of a list of rows, as every list has them. */
export function rowColumns(run: RunData): Column<Row>[] {
  const columns: Column<Row>[] = [
    { title: 'id', cell: row => h('code', {}, row.id), value: row => row.id },
    run.pictures ? pictureColumn(run, row => row) : { title: 'text', cell: textOf, value: row => row.text ?? '', kind: 'long' },
    { title: 'true', cell: row => run.classes[row.label], value: row => run.classes[row.label] },
    { title: 'predicted', cell: row => run.classes[row.predicted], value: row => run.classes[row.predicted] },
    { title: 'probability', cell: row => number(row.p), value: row => row.p, kind: 'number', hint: 'of the predicted class' },
  ];
  if (run.rows.some(row => row.fold !== null)) columns.push({ title: 'fold', cell: row => row.fold ?? '', value: row => row.fold ?? -1, kind: 'number' });
  return columns;
}

const numbers = (run: RunData, truth: number, predicted: number): { rows: number[]; all: number } => ({
  rows: run.confusionRows.find(cell => cell.truth === truth && cell.predicted === predicted)?.rows ?? [],
  all: run.confusion[truth][predicted],
});

/** The rows behind a cell of the confusion matrix. */
export function rowsBehind(run: RunData, truth: number, predicted: number, close: () => void): HTMLElement {
  const { rows, all } = numbers(run, truth, predicted);
  const right = truth === predicted;
  const which = rows.length < all ? ` \u2013 the ${whole(rows.length)} ${right ? 'least' : 'most'} sure of them are in this report; oof.csv has all` : '';
  return h('div', { class: 'behind', id: 'rows-behind', tabindex: -1, role: 'region', 'aria-label': 'Rows behind the cell', keydown: event => { if ((event as KeyboardEvent).key === 'Escape') close(); } },
    h('div', { class: 'behind-head' },
      h('h3', {}, 'True ', h('b', {}, run.classes[truth]), ', predicted ', h('b', {}, run.classes[predicted])),
      h('button', { type: 'button', class: 'quiet', click: close }, 'Close')),
    h('p', { class: 'muted' }, `${plural(all, 'row')}${which}.`),
    run.pictures ? gallery(run, rows, 'pictures behind the cell') : table(rows.map(row => run.rows[row]), rowColumns(run), { label: 'rows behind the cell', search: row => `${row.id} ${row.text ?? ''}`, page: 15 }));
}
