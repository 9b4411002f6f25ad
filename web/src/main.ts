import { loadRun, type RunData } from './data';
import { duration, h, type Child } from './dom';
import { labelIssues, targetLosses, topLosses } from './doubts';
import { calibration, headline, leaderboard, mistakes, slices, targets } from './quality';
import { folds, ratings } from './ratings';
import { examples } from './rows';
import { similar } from './similar';
import { data, learning, recipe, surprises } from './story';

const themes = ['auto', 'light', 'dark'] as const;

/** The system's colours, or one of the two by choice; the choice lasts while the page is open. */
function themeButton(): HTMLElement {
  let at = 0;
  const button = h('button', { type: 'button', class: 'quiet theme', title: 'Colours: as the system, light, dark', click: () => { at = (at + 1) % themes.length; show(); } });
  const show = (): void => {
    document.documentElement.dataset.theme = themes[at];
    button.textContent = { auto: 'Auto', light: 'Light', dark: 'Dark' }[themes[at]];
    button.setAttribute('aria-label', `Colours: ${themes[at]}. Change`);
  };
  show();
  return button;
}

function header(run: RunData, sections: HTMLElement[]): HTMLElement {
  const links = sections.filter(one => one.dataset.name).map(one => h('a', { href: `#${one.id}` }, one.dataset.name));
  return h('header', {},
    h('div', { class: 'bar' }, h('span', { class: 'brand' }, 'Tutti'), h('h1', { title: run.run.name }, run.run.name), themeButton()),
    h('nav', { 'aria-label': 'Sections' }, links));
}

function line(run: RunData): HTMLElement {
  const facts = Object.fromEntries(run.run.facts.map(fact => [fact.name, fact.value]));
  const parts: Child[] = [run.run.task, run.run.finished ? run.run.finished.replace('T', ' ').replace(/:\d\dZ$/, ' UTC') : null, run.run.seconds ? `${duration(run.run.seconds)} of training` : null, facts['device'] ? `on ${facts['device']}` : null];
  return h('p', { class: 'when' }, parts.filter(part => part !== null).join(' \u00b7 '));
}

/** Every section that the run has data for. */
function draw(run: RunData): void {
  document.title = `${run.run.name} \u00b7 Tutti`;
  const makers = [headline, leaderboard, folds, surprises, ratings, examples, mistakes, targets, topLosses, targetLosses, labelIssues, similar, slices, calibration, learning, data, recipe];
  const sections = makers.map(make => make(run)).filter((one): one is HTMLElement => one !== null);
  document.getElementById('page')!.replaceChildren(
    h('a', { class: 'skip', href: `#${sections[0].id}` }, 'Skip to the results'),
    header(run, sections),
    h('main', {}, line(run), sections),
    h('footer', {}, 'Written by Tutti. This file is complete: it opens without a network and asks for nothing.'));
  // What is folded away on the screen is wanted on paper.
  addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(details => { details.open = true; }));
}

loadRun().then(draw).then(() => {
  // Milliseconds from opening the page until all of it was laid out, for ./tutti bench report.
  document.body.getBoundingClientRect();
  document.documentElement.dataset.drawn = performance.now().toFixed(0);
}).catch((error: unknown) => {
  document.getElementById('page')!.replaceChildren(h('p', { class: 'failed', role: 'alert' }, `This report cannot be shown: ${error instanceof Error ? error.message : String(error)}`));
  throw error;
});
