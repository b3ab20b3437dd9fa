import { moduleDoc } from '../modules/module-doc.js'
import type { Module } from '../modules/module.js'

/** docs/modules/: an index and one page for each module, by path. */
export function modulePages(modules: readonly Module[]): Readonly<Record<string, string>> {
  const sorted = [...modules].sort((a, b) => (a.name < b.name ? -1 : 1))
  const index = [
    '# Modules',
    '',
    '<!-- Made by `npm run docs` from src/modules. -->',
    '',
    "Names, aliases and arguments are Ansible's where Ansible has the module; `signet doc NAME` shows the same pages.",
    'Actions of the engine itself (include_tasks, meta, add_host …) are in [keywords.md](../keywords.md).',
    '',
    '| Module | What it does |',
    '| --- | --- |',
    ...sorted.map(
      (module) => `| [${module.name}](${module.name}.md) | ${module.summary.replaceAll('|', '\\|')} |`,
    ),
    '',
  ].join('\n')
  return Object.fromEntries([
    ['docs/modules/README.md', index],
    ...sorted.map((module) => [`docs/modules/${module.name}.md`, moduleDoc(module)] as const),
  ])
}
