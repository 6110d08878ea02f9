import type { Command } from 'commander';

/** The command line as far as a shell can complete it. */
export interface CommandNode {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly CommandNode[];
  readonly options: readonly OptionNode[];
  /** Fixed choices of the first argument. */
  readonly choices: readonly string[];
}

export interface OptionNode {
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  /** The value is a file or a folder. */
  readonly isPath: boolean;
}

/** Reads the tree out of commander, so that scripts never lag behind the commands. */
export function treeOf(command: Command): CommandNode {
  const help = command.createHelp();
  return {
    name: command.name(),
    description: command.description(),
    commands: help
      .visibleCommands(command)
      .filter((one) => one.name() !== 'help')
      .map(treeOf),
    options: help.visibleOptions(command).map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
      isPath: /<(file|dir)>/.test(option.flags),
    })),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
}

/** A script that a shell evaluates to complete `cutover`. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', tree: CommandNode): string {
  return { bash, zsh, fish }[shell](tree);
}

interface Place {
  /** Names from the program down, joined by spaces. */
  readonly path: string;
  readonly node: CommandNode;
  /** Own options, and those of every command above. */
  readonly options: readonly OptionNode[];
}

function placesOf(node: CommandNode, above: readonly string[] = [], inherited: readonly OptionNode[] = []): Place[] {
  const names = [...above, node.name];
  const own = node.options.filter(
    ({ flags }) => !inherited.some((one) => one.flags.some((flag) => flags.includes(flag))),
  );
  const options = [...inherited, ...own];
  return [
    { path: names.join(' '), node, options },
    ...node.commands.flatMap((child) => placesOf(child, names, options)),
  ];
}

function wordsOf({ node, options }: Place): string {
  return [...node.commands.map(({ name }) => name), ...node.choices, ...options.flatMap(({ flags }) => flags)].join(
    ' ',
  );
}

/** Options with a value, once each: `--format` means the same everywhere. */
function valuedOptions(tree: CommandNode): OptionNode[] {
  const all = placesOf(tree).flatMap(({ options }) => options);
  return all.filter(
    (one, index) => one.takesValue && all.findIndex((other) => other.flags.join() === one.flags.join()) === index,
  );
}

/** Walks the words before the cursor down the tree; the name of a program must not be a shell's special word. */
function bash(tree: CommandNode): string {
  const values = valuedOptions(tree);
  return `# bash completion of ${tree.name}: source <(${tree.name} completion bash)
_${tree.name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place=${tree.name} words='' word skip='' i
  COMPREPLY=()
  case "$previous" in
${values.map((option) => `    ${option.flags.join('|')}) ${bashValue(option)} return ;;`).join('\n')}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n "$skip" ]]; then skip=''; continue; fi
    case "$word" in
      ${values.flatMap(({ flags }) => flags).join('|')}) skip=1; continue ;;
    esac
    case "$place $word" in
${placesOf(tree)
  .slice(1)
  .map(({ path }) => `      '${path}') place='${path}' ;;`)
  .join('\n')}
    esac
  done
  case "$place" in
${placesOf(tree)
  .map((place) => `    '${place.path}') words='${wordsOf(place)}' ;;`)
  .join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${tree.name} ${tree.name}
`;
}

function bashValue(option: OptionNode): string {
  if (option.choices.length > 0) return `COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$current"));`;
  return option.isPath ? 'compopt -o default 2>/dev/null;' : '';
}

/** zsh reads the bash script: one walk to be kept right, not two. */
function zsh(tree: CommandNode): string {
  const script = bash(tree).split('\n').slice(1).join('\n');
  return `# zsh completion of ${tree.name}: source <(${tree.name} completion zsh)
autoload -U +X compinit && compinit -u
autoload -U +X bashcompinit && bashcompinit
${script}`;
}

function fish(tree: CommandNode): string {
  const lines = placesOf(tree).flatMap(({ path, node }) => {
    const condition = `-n '__${tree.name}_at "${path}"'`;
    const values =
      node.choices.length === 0 ? [] : [`complete -c ${tree.name} -f ${condition} -a '${node.choices.join(' ')}'`];
    const commands = node.commands.map(
      (one) => `complete -c ${tree.name} -f ${condition} -a ${one.name} -d ${fishText(one.description)}`,
    );
    // Options of the program hold everywhere.
    const at = node === tree ? '' : `${condition} `;
    const options = node.options
      .filter((option) => node === tree || !option.flags.includes('--help'))
      .map((option) => `complete -c ${tree.name} ${at}${fishOption(option)}`);
    return [...commands, ...values, ...options];
  });
  return `# fish completion of ${tree.name}: ${tree.name} completion fish | source
function __${tree.name}_at
  set -l place ${tree.name}
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    switch $word
      case ${valuedOptions(tree)
        .flatMap(({ flags }) => flags)
        .join(' ')}
        set skip 1
        continue
    end
    switch "$place $word"
      case ${placesOf(tree)
        .slice(1)
        .map(({ path }) => `'${path}'`)
        .join(' ')}
        set place "$place $word"
    end
  end
  test "$place" = $argv[1]
end
${lines.join('\n')}
`;
}

function fishOption(option: OptionNode): string {
  const flags = option.flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const value = !option.takesValue
    ? ''
    : option.isPath
      ? ' -r -F'
      : option.choices.length > 0
        ? ` -x -a '${option.choices.join(' ')}'`
        : ' -x';
  return `${flags.join(' ')}${value} -d ${fishText(option.description)}`;
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
