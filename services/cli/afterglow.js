#!/usr/bin/env node
// The `afterglow` command: plain JavaScript that any Node from 20 on runs, and that finds the Node 24 for the rest.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runWithNode24 } from './node24.js';

// Node refuses to strip types below node_modules: the npm package brings compiled files beside the sources.
const source = fileURLToPath(new URL('./main.ts', import.meta.url));
const isInstalled = /[\\/]node_modules[\\/]/.test(source);
const program = isInstalled || !existsSync(source) ? source.replace(/\.ts$/, '.js') : source;

runWithNode24(program, process.argv.slice(2), { linked: true });
