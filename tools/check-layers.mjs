// Runs dependency-cruiser and fails where it saw nothing: a cruise of 0 modules passes silently otherwise.
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { createRequire } from 'node:module';

const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const tsConfig = extractTSConfig('tsconfig.json');
const { output } = await cruise(
  ['src'],
  { ...config.options, ruleSet: { forbidden: config.forbidden }, validate: true, outputType: 'json' },
  null,
  { tsConfig },
);
const result = JSON.parse(output);
const violations = result.summary.violations.filter((violation) => violation.rule.severity === 'error');
for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} → ${to}`);
console.log(`layers: ${result.summary.totalCruised} modules, ${violations.length} violations`);
if (result.summary.totalCruised < 20 || violations.length > 0) process.exit(1);
