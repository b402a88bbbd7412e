import { parseAst } from 'rolldown/parseAst'

/**
 * Puts each statement and each member of a class on a line of its own, in code without white space: the lines of a stack
 * trace tell functions apart, and an error that ends the process shows a line that can be read.
 *
 * @param code - A CommonJS file. What it requires is put in quotes: tools that look for it know no template literals.
 */
export function breakLines(code: string): string {
  const quoted = code.replace(/\brequire\(`([^`$\\]*)`\)/g, 'require("$1")')
  const { body } = parseAst(quoted, { lang: 'js', sourceType: 'script' })
  const starts = body.flatMap((statement) => [statement.start, ...membersOf(statement)])
  return starts.map((start, at) => quoted.slice(at === 0 ? 0 : start, starts[at + 1])).join('\n')
}

type Statement = ReturnType<typeof parseAst>['body'][number]

/** Where the members of the classes that a statement declares begin. */
function membersOf(statement: Statement): number[] {
  if (statement.type !== 'VariableDeclaration') return []
  return statement.declarations.flatMap(({ init }) =>
    init?.type === 'ClassExpression' ? init.body.body.map(({ start }) => start) : [],
  )
}
