import { ERRORS, EXIT, EXIT_MEANINGS, type ExitCode } from '../errors.js'

/** docs/errors.md, made from the table of errors. */
export function errorsPage(): string {
  return [
    '# Errors',
    '',
    '<!-- Made by `npm run docs` from src/errors.ts. -->',
    '',
    'Every error has one place (`file:line:column`, where there is a file), one sentence, an excerpt, and one hint. An',
    'error that stands in no row here is a bug: signet then ends with exit code 250.',
    '',
    '| Error | What went wrong | What to do, if the message has no better hint | Exit code |',
    '| --- | --- | --- | --- |',
    ...Object.entries(ERRORS).map(
      ([code, { summary, hint, exit }]) => `| \`${code}\` | ${summary} | ${hint} | ${exit} |`,
    ),
    '',
  ].join('\n')
}

/** docs/exit-codes.md, made from the table of exit codes. */
export function exitCodesPage(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[]
  const causes = (exit: ExitCode): string =>
    Object.entries(ERRORS)
      .filter(([, error]) => error.exit === exit)
      .map(([code]) => `\`${code}\``)
      .join(', ')
  return [
    '# Exit codes',
    '',
    '<!-- Made by `npm run docs` from src/errors.ts. -->',
    '',
    "The numbers are ansible-playbook's where it has them, so that scripts carry over. When hosts end differently, the",
    'gravest counts: a run with failed and unreachable hosts ends with 2.',
    '',
    '| Code | Meaning | Errors ([errors.md](errors.md)) |',
    '| --- | --- | --- |',
    ...names.map((name) => `| ${EXIT[name]} | ${EXIT_MEANINGS[name]} | ${causes(EXIT[name])} |`),
    '',
  ].join('\n')
}
