import type { QuestionKind } from './question.js'
import type { Step } from './step.js'

/** What a step may change on its host: kinds of questions whose kept answers are dropped. */
export function changedBy(step: Step): readonly QuestionKind[] | 'everything' {
  switch (step.do) {
    case 'write_file':
    case 'make_directory':
    case 'set_attributes':
    case 'make_link':
    case 'touch':
    case 'remove':
    case 'make_authority':
    case 'issue_certificate':
      return ['file', 'directory']
    case 'daemon_reload':
      return ['service']
    case 'user':
    case 'group':
      return ['user', 'group', 'file', 'directory']
    case 'sql':
    case 'copy_accounts':
    case 'check_connectivity':
    case 'catch_up':
      return [...REPLICATED, 'mysql_certificate']
    case 'wait':
      return step.byThemselves === true ? 'everything' : []
    case 'service':
    case 'packages':
    case 'run':
    case 'parallel':
      return 'everything'
  }
}

/** SQL replicates: what a statement changed on one server may be seen on every other. */
export const REPLICATED: readonly QuestionKind[] = [
  'mysql_accounts',
  'mysql_rows',
  'mysql_variables',
  'mysql_instance',
]
