import { confusion } from './confusion';
import { reliability } from './charts';
import { bytes, duration, h, number, percent, plural, probability, section, signed, whole, type Child } from './dom';
import { interval, scaleOf, whisker } from './marks';
import { table, type Column } from './table';
import type { Confused, Gain, Leaderboard, RunData, Score } from './data';

/** The first thing that is read: one number, what it is of, how sure it is, and what it has to beat. */
export function headline(run: RunData): HTMLElement | null {
  const head = run.headline;
  if (!head) return null;
  const versus = head.baseline ? compared(head.metric, head.score, head.baseline.score, head.baseline.name) : null;
  const others = run.scores.filter(score => score.name !== head.metric);
  return h('section', { id: 'headline', 'aria-label': 'Headline', tabindex: -1 },
    h('div', { class: 'hero' },
      h('div', { class: 'figure' }, h('span', { class: 'big' }, number(head.score.value)), h('span', { class: 'what' }, head.metric)),
      h('div', { class: 'about' },
        h('p', { class: 'range' }, '95\u202f% interval ', h('b', {}, `${number(head.score.low)} to ${number(head.score.high)}`), `, on ${plural(head.rows, head.metric === 'perplexity' ? 'held-out text' : 'held-out row')}`),
        h('p', { class: 'muted' }, `by ${head.name}`, versus ? '. ' : '.', versus))),
    others.length === 0 ? null : tiles(others),
    run.moreScores.length === 0 ? null : h('details', { id: 'more-scores' }, h('summary', {}, 'More scores'), tiles(run.moreScores)));
}

function tiles(scores: RunData['scores']): HTMLElement {
  return h('dl', { class: 'tiles' }, scores.map(score => h('div', {}, h('dt', {}, score.name), h('dd', {}, h('b', {}, number(score.value)), interval(score)))));
}

function compared(metric: string, own: Score, other: Score, name: string): string {
  if (own.value === null || other.value === null || own.low === null || own.high === null || other.low === null || other.high === null) return '';
  const difference = metric === 'accuracy' ? `${Math.abs((own.value - other.value) * 100).toFixed(1)} points` : number(Math.abs(own.value - other.value));
  const apart = own.low > other.high || own.high < other.low;
  return `${difference} ${own.value >= other.value ? 'above' : 'below'} ${name} (${number(other.value)}); the intervals ${apart ? 'are apart' : 'overlap'}.`;
}

export function leaderboard(run: RunData): HTMLElement | null {
  const board = run.leaderboard;
  if (!board) return null;
  type Line = Leaderboard['rows'][number];
  // A baseline that is far away would press all others together: it is drawn pale at the edge.
  const compared = board.rows.filter((row, i) => row.kind !== 'baseline' || board.rows.findIndex(other => other.kind === 'baseline') === i);
  const scales = board.columns.map((_, i) => scaleOf(compared.map(row => row.scores[i])));
  const columns: Column<Line>[] = [
    { title: 'name', cell: row => [h('b', {}, row.name), ' ', row.kind === 'member' ? null : h('span', { class: `badge ${row.kind}` }, row.kind)], value: row => row.name },
    ...board.columns.map((column, i): Column<Line> => ({
      title: column.name, kind: 'number', value: row => row.scores[i].value ?? 0,
      cell: row => h('div', { class: 'scored' }, h('span', {}, h('b', {}, number(row.scores[i].value)), ' ', interval(row.scores[i])), whisker(row.scores[i], scales[i])),
    })),
    { title: 'cells', kind: 'number', value: row => row.cells, cell: row => row.kind === 'member' ? whole(row.cells) : '' },
    { title: 'time', kind: 'number', value: row => row.seconds, cell: row => row.kind === 'member' ? duration(row.seconds) : '' },
    { title: 'memory', kind: 'number', value: row => row.peakBytes, cell: row => row.kind === 'member' ? bytes(row.peakBytes) : '' },
  ];
  return section('leaderboard', 'Leaderboard', 'Leaderboard', 'Dot: score, line: 95\u202f% interval; a pale dot lies beyond the scale.' + (run.run.task === 'ratings' ? '' : ' Each model kept the checkpoint that did best on its held-out rows, which flatters these figures a little.'), table(board.rows, columns, { label: 'leaderboard' }), gains(run.gains));
}

function gains(all: Gain[]): Child[] {
  if (all.length === 0) return [];
  const measures = [...new Set(all.map(row => row.measure))].map(name => ({ name, scale: scaleOf(all.filter(row => row.measure === name).map(row => row.difference), 0) }));
  const losses = scaleOf(all.map(row => row.loss), 0);
  const difference = (score: Score, scale: [number, number]): HTMLElement => h('div', { class: 'scored' }, h('span', {}, h('b', {}, signed(score.value)), ' ', h('span', { class: 'interval' }, `${signed(score.low)} to ${signed(score.high)}`)), whisker(score, scale, 0));
  const columns: Column<Gain>[] = [
    { title: 'gain of', cell: row => [h('b', {}, row.of), h('span', { class: 'muted' }, ` over ${row.over}`)], value: row => row.of },
    ...(all.some(row => row.name !== '') ? [{ title: 'target', cell: row => row.name, value: row => row.name } as Column<Gain>] : []),
    ...measures.map((measure): Column<Gain> => ({ title: measure.name, kind: 'number', value: row => row.difference.value ?? 0, cell: row => row.measure === measure.name ? difference(row.difference, measure.scale) : '' })),
    { title: 'loss', kind: 'number', value: row => row.loss.value ?? 0, cell: row => difference(row.loss, losses), hint: 'log-loss, of numbers squared errors over their variance; below 0 is better' },
  ];
  return [h('div', { class: 'part' }, h('h3', {}, 'What blend and views brought'), h('p', { class: 'muted' }, `Differences on the same held-out rows, with 95\u202f% intervals.${all.some(row => row.over.endsWith('the best member')) ? ' The best member was chosen on these rows, which makes the gain over it look smaller.' : ''}`), table(all, columns, { label: 'gains' }))];
}

export function mistakes(run: RunData): HTMLElement | null {
  if (run.confusion.length === 0) return null;
  const { matrix, panel } = confusion(run);
  return section('confusion', 'Where it is right and wrong', 'Confusion', 'Choose a cell to see the rows behind it.',
    h('div', { class: 'beside' }, matrix, h('div', {}, h('h3', {}, 'Per class'), classTable(run))), panel);
}

/** Of several targets each one's classes. */
export function targets(run: RunData): HTMLElement | null {
  const parts = run.targets.map((target, place) => target.confusion.length === 0 ? null : part(run, place)).filter(one => one !== null);
  return parts.length === 0 ? null : section('targets', 'Target by target', 'Targets', 'Of the rows that have the target. Choose a cell to see the rows behind it.', parts);
}

function part(run: RunData, place: number): HTMLElement {
  const { matrix, panel } = confusion(run, place);
  return h('div', { class: 'part' }, h('h3', {}, run.targets[place].name), h('div', { class: 'beside' }, matrix, h('div', {}, classTable(run.targets[place]))), panel);
}

function classTable(run: Confused): HTMLElement {
  type Line = Confused['perClass'][number];
  const bar = (value: number): Child => h('span', { class: 'bar', style: `--value: ${(100 * value).toFixed(1)}%` }, number(value));
  return table<Line>(run.perClass, [
    { title: 'class', cell: row => h('b', {}, row.name), value: row => row.name },
    { title: 'precision', cell: row => bar(row.precision), value: row => row.precision, kind: 'number', hint: 'share of the rows predicted as this class that are of it' },
    { title: 'recall', cell: row => bar(row.recall), value: row => row.recall, kind: 'number', hint: 'share of the rows of this class that are predicted as it' },
    { title: 'F1', cell: row => bar(row.f1), value: row => row.f1, kind: 'number' },
    { title: 'rows', cell: row => whole(row.support), value: row => row.support, kind: 'number' },
  ], { label: 'classes', search: run.classes.length > 12 ? row => row.name : undefined });
}

export function slices(run: RunData): HTMLElement | null {
  const slices = run.slices;
  if (!slices || slices.slices.length === 0) return null;
  const found = slices.slices.filter(slice => slice.adjusted < slices.level).length;
  type Line = typeof slices.slices[number];
  const scale = scaleOf(slices.slices.map(slice => ({ value: slice.difference, low: slice.low, high: slice.high })), 0);
  const columns: Column<Line>[] = [
    { title: 'slice', value: row => `${row.column} ${row.value}`, cell: row => [h('span', { class: 'muted' }, `${row.column}: `), h('b', {}, row.value), ' ', row.adjusted < slices.level ? h('span', { class: 'badge warn' }, 'worse') : null] },
    { title: 'rows', kind: 'number', value: row => row.rows, cell: row => whole(row.rows) },
    { title: 'accuracy', kind: 'number', value: row => row.accuracy, cell: row => number(row.accuracy) },
    { title: 'rest', kind: 'number', value: row => row.rest, cell: row => number(row.rest) },
    { title: 'difference', kind: 'number', value: row => row.difference, cell: row => h('div', { class: 'scored' }, h('span', {}, h('b', {}, signed(row.difference)), ' ', h('span', { class: 'interval' }, `${signed(row.low)} to ${signed(row.high)}`)), whisker({ value: row.difference, low: row.low, high: row.high }, scale, 0)) },
    { title: 'p, corrected', kind: 'number', value: row => row.adjusted, cell: row => probability(row.adjusted), hint: 'one-sided Fisher test, corrected for the number of slices (Holm)' },
  ];
  const lead = `${plural(slices.tested, 'slice was', 'slices were')} compared with all other rows: by class, fold${run.pictures ? '' : ', length'}, and the columns of the data. ${found === 0 ? 'None is' : found === 1 ? 'One is' : `${found} are`} worse beyond chance, the number of comparisons taken into account.`;
  return section('slices', 'Slices', 'Slices', lead, table(slices.slices, columns, { label: 'slices', page: 10, search: slices.slices.length > 10 ? row => `${row.column} ${row.value}` : undefined }));
}

export function calibration(run: RunData): HTMLElement | null {
  if (!run.reliability) return null;
  const bins = run.reliability.bins.filter(bin => bin.count > 0);
  type Line = typeof bins[number];
  const columns: Column<Line>[] = [
    { title: 'confidence', cell: bin => `${number(bin.low, 2)} to ${number(bin.high, 2)}` },
    { title: 'right', kind: 'number', cell: bin => percent(bin.accuracy ?? 0) },
    { title: 'mean confidence', kind: 'number', cell: bin => percent(bin.confidence ?? 0) },
    { title: 'rows', kind: 'number', cell: bin => whole(bin.count) },
  ];
  return section('calibration', 'Can its probabilities be believed?', 'Calibration', ['On the dashed line a confidence of 0.8 is right in 80 of 100 cases; below it the model is too sure. The darker a bar, the more rows. Calibration error: ', h('b', {}, number(run.reliability.error)), '.'],
    h('div', { class: 'pair' }, reliability(run), table(bins, columns, { label: 'calibration bins' })));
}
