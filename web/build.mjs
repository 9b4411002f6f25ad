// Bundles the page into one file: node build.mjs OUT. Script and styles stand in it; nothing is loaded from anywhere.
import { build } from 'esbuild';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const out = process.argv[2] ?? 'dist/report.html';
const bundled = async entry => {
  const result = await build({ entryPoints: [entry], bundle: true, minify: true, write: false, format: 'iife', target: ['es2020'], legalComments: 'none', charset: 'utf8', logLevel: 'warning' });
  return result.outputFiles[0].text;
};

// A script element ends at the first "</script", wherever it stands; in a string or regular expression "<\/script" is the same.
const script = (await bundled('src/main.ts')).replaceAll(/<\/(script)/gi, '<\\/$1').replaceAll('<!--', '<\\!--');
const style = await bundled('src/style.css');
const template = await readFile('src/index.html', 'utf8');
const page = template.replace('/* style */', () => style).replace('/* script */', () => script);
await mkdir(dirname(out), { recursive: true });
await writeFile(out, page);
