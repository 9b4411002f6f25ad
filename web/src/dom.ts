// Elements from plain values. Every text becomes a text node or an attribute, never markup: what the data hold cannot become part of the page.

export type Child = Node | string | number | null | undefined | false;
type Properties = Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>;

const svgTags = new Set(['svg', 'g', 'line', 'circle', 'rect', 'path', 'title', 'text']);

export function h(tag: string, properties: Properties = {}, ...children: (Child | Child[])[]): HTMLElement {
  const element = (svgTags.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag)) as HTMLElement;
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (name === 'style') element.style.cssText = String(value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

export function append(element: Element, children: (Child | Child[])[]): void {
  for (const child of children.flat())
    if (child !== null && child !== undefined && child !== false) element.append(child instanceof Node ? child : String(child));
}

/** A section of the page: its heading, what the navigation calls it, and an explanation of a line or two. */
export function section(id: string, title: string, name: string, lead: Child | Child[], ...children: (Child | Child[])[]): HTMLElement {
  return h('section', { id, 'aria-labelledby': `${id}-title`, 'data-name': name, tabindex: -1 }, h('h2', { id: `${id}-title` }, title), lead ? h('p', { class: 'lead' }, lead) : null, ...children);
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${whole(count)} ${count === 1 ? one : many}`;

// Figures as the program prints them: a dot before decimals; a thin space between thousands.
export const whole = (value: number): string => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');
export const number = (value: number | null | undefined, digits = 3): string => value === null || value === undefined ? '\u2013' : value.toFixed(digits).replace(/^-/, '\u2212');
/** With four figures, whole numbers as they are. */
export const figure = (value: number): string => (Math.abs(value) >= 1000 ? whole(value) : Number(value.toPrecision(4)).toString()).replace(/^-/, '\u2212');
export const signed = (value: number | null, digits = 3): string => value === null ? '\u2013' : (value > 0 ? '+' : '') + number(value, digits);
export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)}\u202f%`;
export const probability = (p: number): string => p < 0.001 ? '< 0.001' : p.toFixed(3);

/** Buttons of which one is chosen, the first to begin with. */
export function choice(label: string, options: { title: string; hint?: string; choose: () => void }[]): HTMLElement {
  const buttons = options.map((option, i) => h('button', { type: 'button', title: option.hint, 'aria-pressed': i === 0 ? 'true' : 'false', click: event => {
    buttons.forEach(button => button.setAttribute('aria-pressed', button === event.currentTarget ? 'true' : 'false'));
    option.choose();
  } }, option.title));
  return h('div', { class: 'choice', role: 'group', 'aria-label': label }, buttons);
}

export function bytes(value: number | null): string {
  if (value === null) return '\u2013';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)}\u202f${units[unit]}`;
}

export function duration(seconds: number | null): string {
  if (seconds === null) return '\u2013';
  if (seconds < 59.95) return `${seconds.toFixed(1)}\u202fs`;
  // Rounded first: 299.6 s are 5 min 0 s, not 4 min 60 s.
  const [whole, minutes] = [Math.round(seconds), Math.round(seconds / 60)];
  return whole < 3600 ? `${Math.floor(whole / 60)}\u202fmin ${whole % 60}\u202fs` : `${Math.floor(minutes / 60)}\u202fh ${minutes % 60}\u202fmin`;
}
