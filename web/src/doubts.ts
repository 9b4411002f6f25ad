import { h, number, percent, plural, section, whole, type Child } from './dom';
import { looksKey, pictureColumn } from './pictures';
import { rowColumns, textOf } from './rows';
import { table, type Column } from './table';
import { shaded, type Method } from './tokens';
import type { Explanation, Row, RunData } from './data';

interface Listed { row: Row; why: Explanation | undefined }

/** Rows with their text shaded where the prediction was explained, and a choice of the method. */
function explained<T extends Listed>(run: RunData, items: T[], columns: (text: Column<T>) => Column<T>[], label: string): HTMLElement {
  const search = (item: T): string => `${item.row.id} ${item.row.text ?? ''} ${run.classes[item.row.label]} ${run.classes[item.row.predicted]}`;
  if (run.pictures) return h('div', {}, looksKey(run, items.map(item => item.row)), table(items, columns(pictureColumn(run, item => item.row)), { label, page: 10, search }));
  let method: Method = 'gradient';
  const place = h('div');
  const text: Column<T> = {
    title: 'text', kind: 'long', value: item => item.row.text ?? '',
    cell: item => item.why ? shaded(item.why, method) : textOf(item.row),
  };
  const draw = (): void => place.replaceChildren(table(items, columns(text), { label, page: 10, search }));
  draw();
  return h('div', {}, items.some(item => item.why) ? key(items, chosen => { method = chosen; draw(); }) : null, place);
}

function key(items: Listed[], choose: (method: Method) => void): HTMLElement {
  const methods: { name: Method; title: string; hint: string }[] = [
    { name: 'gradient', title: 'Gradient \u00d7 input', hint: 'by how much the predicted class would gain on the other if the token were a little stronger' },
    { name: 'occlusion', title: 'Occlusion', hint: 'how much of the predicted class\u2019s probability is lost when the token is masked' },
  ];
  const usable = methods.filter(method => method.name === 'gradient' || items.some(item => item.why?.occlusion));
  const buttons = usable.map((method, i) => h('button', { type: 'button', title: method.hint, 'aria-pressed': i === 0 ? 'true' : 'false', click: event => {
    buttons.forEach(button => button.setAttribute('aria-pressed', button === event.currentTarget ? 'true' : 'false'));
    choose(method.name);
  } }, method.title));
  return h('div', { class: 'key' },
    h('div', { class: 'choice', role: 'group', 'aria-label': 'How tokens are shaded' }, buttons),
    h('span', { class: 'tokens' }, 'Tokens ', h('span', { class: 'for', style: '--strength: 70%' }, 'for'), ' and ', h('span', { class: 'against', style: '--strength: 70%' }, 'against'), ' the predicted class, by one model that did not see the row'));
}

/** A model that a baseline beats says little of labels by doubting them. */
const weak = (run: RunData): boolean => { const head = run.headline; return head?.metric === 'accuracy' && head.baseline !== null && (head.score.value ?? 0) < (head.baseline.score.value ?? 0); };

const because = (run: RunData, row: number): Explanation | undefined => run.explanations.find(one => one.row === row);

export function topLosses(run: RunData): HTMLElement | null {
  if (run.topLosses.length === 0) return null;
  const items = run.topLosses.map(row => ({ row: run.rows[row], why: because(run, row) }));
  return section('losses', 'Top losses', 'Top losses', 'The rows whose true class got the lowest probability: hard, odd, or labelled wrongly.',
    explained(run, items, text => rowColumns(run).map((column): Column<Listed> => column.title === 'text' || column.kind === 'picture' ? text
      : column.title === 'probability' ? { title: 'probability of true class', kind: 'number', value: item => item.row.q, cell: item => number(item.row.q) }
      : { title: column.title, kind: column.kind, value: column.value ? item => column.value!(item.row) : undefined, cell: item => column.cell(item.row) }), 'top losses'));
}

export function labelIssues(run: RunData): HTMLElement | null {
  const issues = run.labelIssues;
  if (!issues) return null;
  const items = issues.queue.map(issue => ({ ...issue, row: run.rows[issue.row], why: because(run, issue.row) }));
  type Item = typeof items[number];
  const votes = (item: Item): Child => item.votes === null ? '' : item.votes.map((count, i) => ({ count, name: run.classes[i] })).filter(vote => vote.count > 0).sort((a, b) => b.count - a.count).map(vote => `${vote.name}: ${vote.count}`).join(', ');
  const lead = issues.issues === 0
    ? `No label of ${plural(issues.rows, 'row')} stands out as wrong.`
    : [`${plural(issues.issues, run.pictures ? 'picture' : 'row')} of ${whole(issues.rows)} (${percent(issues.issues / issues.rows)}) probably carry a wrong label, by predictions of models that did not see them. `, h('code', {}, 'tutti labels --run DIR --out queue.csv'), ` writes ${issues.issues > items.length ? `all of them (the first ${items.length} are here)` : 'them'}${run.pictures ? ' to a table.' : ' to be filled in with the right labels; '}`, ...(run.pictures ? [] : [h('code', {}, 'tutti labels --run DIR --apply queue.csv'), ' then writes a corrected copy of the training file to train on.']), weak(run) ? h('b', {}, ' This run is below its baseline, so its doubts say little.') : null];
  return section('labels', 'Labels to look at', 'Labels', lead, items.length === 0 ? null
    : explained<Item>(run, items, text => [
      { title: 'id', cell: item => h('code', {}, item.row.id), value: item => item.row.id },
      text,
      { title: 'given', cell: item => run.classes[item.row.label], value: item => run.classes[item.row.label] },
      { title: 'suggested', cell: item => h('b', {}, run.classes[item.suggested]), value: item => run.classes[item.suggested] },
      { title: 'quality', kind: 'number', cell: item => number(item.quality), value: item => item.quality, hint: 'how likely the given label is right' },
      ...(items.some(item => item.votes) ? [{ title: 'votes', cell: votes } as Column<Item>] : []),
    ], 'label issues'));
}
