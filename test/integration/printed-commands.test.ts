import { printedCommands } from './printed-commands.js';

printedCommands('duckdb', () => Promise.resolve(''));
