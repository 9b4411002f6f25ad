import { h, number, whole, type Child } from './dom';
import { saidLines, verdict } from './said';
import type { Column } from './table';
import { targetsOf, type Look, type Row, type RunData, type SimilarRow } from './data';

type Pictured = Pick<Row, 'picture' | 'id'>;

/** What is at most so large is enlarged, without smoothing, so that its pixels stay pixels. */
const tiny = 56, enlarged = 112;

function enlarge(image: HTMLImageElement): void {
  const longest = Math.max(image.naturalWidth, image.naturalHeight);
  if (longest > tiny) return;
  image.classList.add('tiny');
  [image.width, image.height] = [image.naturalWidth * enlarged / longest, image.naturalHeight * enlarged / longest];
}

/** A small picture; its name where the page does not hold it. Nothing but a JPEG that stands in the page can come of it. */
export function thumbnail(run: RunData, row: Pictured, ...over: Child[]): HTMLElement {
  const jpeg = row.picture === null || row.picture === undefined ? null : run.pictures!.jpegs[row.picture];
  if (jpeg === null) return h('span', { class: 'thumb none', title: row.id }, 'not in this report');
  const image = h('img', { src: `data:image/jpeg;base64,${jpeg}`, alt: row.id, title: row.id, load: () => enlarge(image as HTMLImageElement) });
  return h('span', { class: 'thumb' }, h('span', { class: 'inside' }, image, ...over));
}

const lookAt = (run: RunData, row: Row): Look | undefined => run.looks?.find(look => run.rows[look.row] === row);

/** The shades of a look, a pixel for each place, which the browser enlarges smoothly. */
function shades(look: Look): HTMLElement {
  const canvas = h('canvas', { width: look.width, height: look.height, class: 'look', style: `left: ${100 * look.frame[0]}%; top: ${100 * look.frame[1]}%; width: ${100 * look.frame[2]}%; height: ${100 * look.frame[3]}%` }) as HTMLCanvasElement;
  const context = canvas.getContext('2d');
  if (!context) return canvas;
  const pixels = context.createImageData(look.width, look.height);
  look.values.forEach((value, i) => pixels.data.set([255, Math.round(2.1 * value), 0, Math.round(2 * value)], 4 * i));
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** A picture, and beside it where a model looked, where that is known. */
function looked(run: RunData, row: Row): HTMLElement {
  const look = lookAt(run, row);
  if (!look || row.picture === null) return thumbnail(run, row);
  const hint = `${look.method}, ${look.cell}: ${run.classes[look.predicted]} ${number(look.probability)}`;
  return h('span', { class: 'looked', title: hint }, thumbnail(run, row), thumbnail(run, row, shades(look)));
}

export function pictureColumn<T>(run: RunData, rowOf: (item: T) => Row): Column<T> {
  return { title: 'picture', kind: 'picture', cell: item => looked(run, rowOf(item)) };
}

/** What the second picture of some rows means. */
export function looksKey(run: RunData, rows: Row[]): HTMLElement | null {
  const looks = rows.map(row => lookAt(run, row)).filter((look): look is Look => look !== undefined);
  if (looks.length === 0) return null;
  const camera = looks[0].method === 'Grad-CAM';
  return h('p', { class: 'note looks' }, `Beside ${looks.length === rows.length ? 'each picture' : `${whole(looks.length)} of them`}: where one model that did not see it in training looked, the yellower the more (${looks[0].method}${camera ? ', what spoke for the predicted class' : ', whichever the class'}). Shades are relative within a picture.`);
}

function card(run: RunData, row: Row): HTMLElement {
  return h('li', { class: `card ${verdict(run, row)}` }, looked(run, row), targetsOf(run).flatMap((target, i) => saidLines(target, row.says[i])), h('code', { title: row.id }, row.id));
}

/** Pictures with what was predicted of them and what they are, a page at a time. */
export function gallery(run: RunData, rows: number[], label: string): HTMLElement {
  const page = 24;
  const list = h('ul', { class: 'gallery', 'aria-label': label });
  const more = h('button', { type: 'button', class: 'more', click: () => show(list.children.length + 2 * page) }, 'Show more');
  const show = (count: number): void => {
    list.append(...rows.slice(list.children.length, count).map(row => card(run, run.rows[row])));
    more.hidden = list.children.length >= rows.length;
  };
  show(page);
  return h('div', {}, list, more);
}

/** The pictures of near duplicates beside each other, with where they stand and what they are called. */
export function sideBySide(run: RunData, rows: SimilarRow[]): HTMLElement {
  return h('span', { class: 'looked' }, rows.map(row => thumbnail(run, row)));
}
