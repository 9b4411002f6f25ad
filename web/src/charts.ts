import * as Plot from '@observablehq/plot';
import { h, number, whole } from './dom';
import type { Cell, Ratings, RunData } from './data';

type Draw = (width: number) => Element;

/** A chart that is drawn again when its place gets another width. */
function chart(label: string, draw: Draw): HTMLElement {
  const place = h('figure', { class: 'chart', 'aria-label': label });
  let drawn = 0;
  const observer = new ResizeObserver(entries => {
    const width = Math.floor(entries[0].contentRect.width);
    if (width < 50 || width === drawn) return;
    drawn = width;
    place.replaceChildren(h('figcaption', {}, label), draw(width));
  });
  observer.observe(place);
  return place;
}

const base = { style: { background: 'transparent', color: 'inherit', fontFamily: 'inherit', fontSize: '12px', overflow: 'visible' } };
const palette = ['var(--c1)', 'var(--c2)', 'var(--c3)', 'var(--c4)', 'var(--c5)', 'var(--c6)', 'var(--c7)', 'var(--c8)'];

export function reliability(run: RunData): HTMLElement {
  const bins = run.reliability!.bins.filter(bin => bin.count > 0);
  const most = Math.max(...bins.map(bin => bin.count));
  const lowest = Math.min(...bins.map(bin => bin.low));
  const tip = (bin: typeof bins[0]): string => `confidence ${number(bin.low, 2)} to ${number(bin.high, 2)}\nright ${number(bin.accuracy)}\nmean confidence ${number(bin.confidence)}\n${whole(bin.count)} rows`;
  return chart('Share predicted right at each confidence', width => Plot.plot({
    ...base, width: Math.min(width, 520), height: Math.min(width, 520) * 0.72, marginLeft: 44, marginBottom: 40,
    x: { domain: [lowest, 1], label: 'confidence of the predicted class', labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
    y: { domain: [0, 1], label: 'share predicted right', labelArrow: 'none', grid: true, ticks: 6 },
    marks: [
      Plot.rectY(bins, { x1: 'low', x2: 'high', y: 'accuracy', fill: 'var(--accent)', fillOpacity: (bin: typeof bins[0]) => 0.15 + 0.6 * bin.count / most, insetLeft: 1, insetRight: 1 }),
      Plot.line([[lowest, lowest], [1, 1]], { stroke: 'currentColor', strokeDasharray: '4 4', strokeOpacity: 0.55 }),
      Plot.dot(bins, { x: 'confidence', y: 'accuracy', fill: 'var(--warm)', r: 4 }),
      Plot.tip(bins, Plot.pointerX({ x: (bin: typeof bins[0]) => (bin.low + bin.high) / 2, y: 'accuracy', title: tip, fill: 'var(--card)' })),
    ],
  }));
}

/** Items by the first two axes of their factors. */
export function itemMap(points: Ratings['points']): HTMLElement {
  type Point = Ratings['points'][number];
  return chart('Items by the first two axes', width => Plot.plot({
    ...base, width, height: Math.min(width * 0.7, 560), marginLeft: 44, marginBottom: 40,
    x: { label: 'first axis', labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
    y: { label: 'second axis', labelArrow: 'none', grid: true, ticks: 6 },
    marks: [
      Plot.dot(points, { x: 'x', y: 'y', r: 3, fill: 'var(--c1)', fillOpacity: 0.7 }),
      Plot.text(points.slice(0, width > 600 ? 24 : 8), { x: 'x', y: 'y', text: (point: Point) => point.title.length > 24 ? `${point.title.slice(0, 23)}\u2026` : point.title, dy: -8, fontSize: 10, fill: 'currentColor' }),
      Plot.tip(points, Plot.pointer({ x: 'x', y: 'y', fill: 'var(--card)', title: (point: Point) => `${point.title}\nbias ${number(point.bias)}` })),
    ],
  }));
}

interface Line { key: string; title: string; axis: string; points: (cell: Cell) => { x: number; y: number | null }[]; dots?: boolean; format?: (value: number) => string; zero?: boolean }

const column = (key: 'loss' | 'rate' | 'bytes', scale = 1) => (cell: Cell) => cell.curve.update.map((x, i) => ({ x, y: cell.curve[key][i] === null ? null : cell.curve[key][i]! * scale }));
const evaluated = (key: 'loss' | 'accuracy' | 'macroF1') => (cell: Cell) => cell.evaluations.map(one => ({ x: one.update, y: one[key] }));

const lines: Line[] = [
  { key: 'training', title: 'Training loss', axis: 'loss of an update', points: column('loss') },
  { key: 'held-out', title: 'Loss on held-out rows', axis: 'loss', points: evaluated('loss'), dots: true },
  { key: 'accuracy', title: 'Accuracy on held-out rows', axis: 'accuracy', points: evaluated('accuracy'), dots: true },
  { key: 'rate', title: 'Learning rate', axis: 'rate', points: column('rate'), format: value => value === 0 ? '0' : value.toExponential(1), zero: true },
  { key: 'memory', title: 'Memory of tensors between updates', axis: 'MB', points: column('bytes', 1e-6), zero: true },
];

/** Small charts of one kind of number each, all with the cells that are chosen. */
export function curves(cells: Cell[]): HTMLElement {
  const known = cells.filter(cell => cell.curve.update.length > 0 || cell.evaluations.length > 0);
  const place = h('div', { class: 'charts' });
  const colour = new Map(known.map((cell, i) => [cell.name, palette[i % palette.length]]));
  const draw = (chosen: Cell[]): void => place.replaceChildren(...lines.map(line => ({ line, data: chosen.flatMap(cell => line.points(cell).filter(point => point.y !== null).map(point => ({ ...point, cell: cell.name }))) }))
    .filter(({ data }) => data.length > 0)
    .map(({ line, data }) => chart(line.title, width => Plot.plot({
      ...base, width, height: 200, marginLeft: 52, marginBottom: 34,
      x: { label: 'update', labelAnchor: 'center', labelArrow: 'none', ticks: 5 },
      y: { label: null, grid: true, ticks: 5, zero: line.zero, tickFormat: line.format as (value: number) => string, nice: true },
      marks: [
        Plot.line(data, { x: 'x', y: 'y', z: 'cell', stroke: (point: { cell: string }) => colour.get(point.cell), strokeWidth: 1.6 }),
        line.dots ? Plot.dot(data, { x: 'x', y: 'y', fill: (point: { cell: string }) => colour.get(point.cell), r: 2.5 }) : null,
        Plot.tip(data, Plot.pointer({ x: 'x', y: 'y', fill: 'var(--card)', title: (point: { x: number; y: number; cell: string }) => `${point.cell}\nupdate ${whole(point.x)}: ${line.format ? line.format(point.y) : number(point.y, 4)}` })),
      ],
    }))));
  draw(known);
  const legend = h('div', { class: 'legend', role: 'group', 'aria-label': 'Cells to show' }, known.map(cell => {
    const button = h('button', { type: 'button', 'aria-pressed': 'true', style: `--colour: ${colour.get(cell.name)}`, click: () => {
      button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') === 'true' ? 'false' : 'true');
      const on = [...legend.children].map(child => child.getAttribute('aria-pressed') === 'true');
      draw(known.filter((_, i) => on[i]));
    } }, cell.name);
    return button;
  }));
  return h('div', {}, known.length > 1 ? legend : null, place);
}
