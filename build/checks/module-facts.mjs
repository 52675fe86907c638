// Reads from the syntax tree what the wall check needs, so that comments and strings cannot fool it.
import ts from 'typescript';

/** @typedef {{ specifier: string, typeOnly: boolean, line: number }} FoundImport */
/** @typedef {{ text: string, line: number }} MachineCall */

/**
 * @param {string} file
 * @param {string} text
 */
export function parse(file, text) {
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind);
}

/**
 * @param {ts.SourceFile} source
 * @param {ts.Node} node
 */
const lineOf = (source, node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;

/**
 * Static and dynamic imports, re-exports and `typeof import()`. `import { type A }` counts as a run-time import,
 * because under verbatimModuleSyntax the module is loaded all the same.
 * @param {ts.SourceFile} source
 * @returns {FoundImport[]}
 */
export function importsOf(source) {
  /** @type {FoundImport[]} */
  const found = [];
  /**
   * @param {ts.Node} node
   * @param {ts.Node | undefined} specifier
   * @param {boolean} typeOnly
   */
  const add = (node, specifier, typeOnly) => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
      found.push({ specifier: specifier.text, typeOnly, line: lineOf(source, node) });
    }
  };
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const machineMembers = new Set(['Date.now', 'Math.random', 'performance.now', 'process.hrtime', 'crypto.randomUUID']);
const machineFunctions = new Set(['setTimeout', 'setInterval']);

/**
 * Places where the machine's clock, timers or randomness are named: called, or passed on.
 * @param {ts.SourceFile} source
 * @returns {MachineCall[]}
 */
export function machineCallsOf(source) {
  /** @type {MachineCall[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const text = machineNameOf(node);
    if (text !== undefined) found.push({ text, line: lineOf(source, node) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * @param {ts.Node} node
 * @returns {string | undefined}
 */
function machineNameOf(node) {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const name = `${node.expression.text}.${node.name.text}`;
    if (machineMembers.has(name)) return name;
    if (node.expression.text === 'globalThis' && machineFunctions.has(node.name.text)) return name;
  }
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && machineFunctions.has(node.expression.text)) {
    return `${node.expression.text}()`;
  }
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date') {
    return (node.arguments?.length ?? 0) === 0 ? 'new Date()' : undefined;
  }
  return undefined;
}
