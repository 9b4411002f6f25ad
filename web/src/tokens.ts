import { h, signed } from './dom';
import type { Explanation } from './data';

export type Method = 'gradient' | 'occlusion';

/** The byte that each character of byte-level BPE stands for (GPT-2): visible ones for themselves, the others in order from U+0100 on. */
const byteOf = new Map<string, number>();
for (let byte = 0, next = 256; byte < 256; byte++) {
  const visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  byteOf.set(String.fromCharCode(visible ? byte : next++), byte);
}

/** Byte-level tokens as text; a character of several tokens stands in the last of them. */
function decoded(tokens: string[]): { text: string; blank: boolean }[] {
  const decoder = new TextDecoder();
  return tokens.map((token, i) => {
    const chars = [...token];
    const text = chars.every(char => byteOf.has(char)) ? decoder.decode(new Uint8Array(chars.map(char => byteOf.get(char)!)), { stream: true }) : token;
    return { text: text.replace(/^ /, ''), blank: i > 0 && text.startsWith(' ') };
  });
}

/** How vocabularies mark what follows a blank (SentencePiece, byte-level BPE), and what goes on (WordPiece). */
function pieces(tokens: string[]): { text: string; blank: boolean }[] {
  if (tokens.some(token => token.includes('\u0120'))) return decoded(tokens);
  const marked = tokens.some(token => token.startsWith('\u2581'));
  return tokens.map((token, i) => {
    if (token.startsWith('\u2581')) return { text: token.slice(1), blank: i > 0 };
    if (token.startsWith('##')) return { text: token.slice(2), blank: false };
    return { text: token, blank: i > 0 && !marked };
  });
}

/** A text with a shade per token: for the predicted class, or against it. */
export function shaded(explanation: Explanation, method: Method): HTMLElement {
  const values = (method === 'occlusion' ? explanation.occlusion : null) ?? explanation.gradient;
  const most = Math.max(...values.map(Math.abs), 1e-12);
  const children: (HTMLElement | string)[] = [];
  pieces(explanation.tokens).forEach((piece, i) => {
    if (piece.blank) children.push(' ');
    const strength = Math.round(100 * Math.abs(values[i]) / most);
    children.push(h('span', { class: values[i] >= 0 ? 'for' : 'against', style: `--strength: ${strength}%`, title: signed(values[i], 4) }, piece.text));
  });
  return h('span', { class: 'tokens' }, children);
}
