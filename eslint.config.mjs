// Lint rules that pay for themselves here: promises nobody awaits, switches that forget a case, `any`, long functions.
// Formatting is prettier's business, import directions are build/checks/walls.mjs's.
import tseslint from 'typescript-eslint';

/** @type {import('eslint').Linter.RuleEntry} */
const noDefaultExports = [
  'error',
  {
    selector: 'ExportDefaultDeclaration',
    message: 'Export by name: one thing has one name in every file (house style, Shape).',
  },
];

/** A function fits one screen. Hot-path files may lift it with a comment that says why. */
const oneScreen = { max: 70, skipBlankLines: true, skipComments: true };

export default tseslint.config(
  { ignores: ['dist/**', 'release/**', 'coverage/**', '.cache/**', 'test-results/**', 'node_modules/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-shadow': 'error',
      'no-restricted-syntax': noDefaultExports,
      eqeqeq: 'error',
      'no-empty': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'max-lines-per-function': ['error', oneScreen],
    },
  },
  {
    // A component reads top to bottom as its markup does, so its length is a hint there, not a fault.
    files: ['renderer/**/*.tsx'],
    rules: { 'max-lines-per-function': ['warn', oneScreen] },
  },
  {
    // `describe` is one long function by design.
    files: ['test/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['*.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['build/**/*.mjs'],
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-empty': 'error',
      'max-lines-per-function': ['error', oneScreen],
    },
  },
);
