// Writes docs/environment.md from the table of settings: npx tsx tools/write-environment.ts
import { writeFileSync } from 'node:fs';
import { environmentDocument } from '../src/platform/config/document.ts';

writeFileSync(new URL('../docs/environment.md', import.meta.url), environmentDocument());
