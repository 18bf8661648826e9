import {ByoaiError} from '../model/error.ts';
import type {Run} from './command.ts';

/** `byoai completion <shell>`: a script that asks `byoai __complete` what may be typed. */
export const completion: Run = async ({operands: [shell = ''], output}) => {
	const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
	if (script === undefined) {
		throw new ByoaiError(
			'usage',
			`completion is there for ${Object.keys(scripts).join(', ')}, not for ${JSON.stringify(shell)}. See: byoai completion --help`,
		);
	}
	output.write(script);
	return 0;
};

/** Works with bash 3.2 too, as macOS has it. Bash splits words at `=` and `:` and completes what stands behind them. */
const bash = `# bash completion of byoai:  eval "$(byoai completion bash)"
_byoai() {
	local word line current prefix last
	local -a words=()
	for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
		last=$((\${#words[@]} - 1))
		if ((last >= 0)) && [[ $word == [=:]* || \${words[last]} == *[=:] ]]; then
			words[last]+=$word
		else
			words+=("$word")
		fi
	done
	current=\${words[\${#words[@]} - 1]}
	prefix=\${current%"\${current##*[=:]}"}
	COMPREPLY=()
	while IFS= read -r line; do
		if [[ $line == :files ]]; then
			compopt -o filenames 2>/dev/null
			while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${current##*[=:]}")
		else
			word=\${line%%$'\\t'*}
			COMPREPLY+=("\${word#"$prefix"}")
		fi
	done < <("\${1/#\\~\\//$HOME/}" __complete -- "\${words[@]}" 2>/dev/null)
}
complete -F _byoai byoai
`;

const zsh = `#compdef byoai
# zsh completion of byoai:  eval "$(byoai completion zsh)", after compinit; or as a file _byoai in a directory of $fpath
_byoai() {
	local line
	local -i files=0
	local -a described
	for line in "\${(@f)$(\${~words[1]} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $line in
			'') ;;
			:files) files=1 ;;
			*$'\\t'*) described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
			*) described+=("\${line//:/\\\\:}") ;;
		esac
	done
	(( \${#described} )) && _describe byoai described
	(( files )) && _files
}
if [[ \${funcstack[1]-} == _byoai ]]; then _byoai "$@"; else compdef _byoai byoai; fi
`;

const fish = `# fish completion of byoai:  byoai completion fish | source
function __byoai_complete
	set -l words (commandline -opc)
	set -l program $words[1]
	set -e words[1]
	set -l current (commandline -ct)
	for line in ($program __complete -- $words "$current" 2>/dev/null)
		if test "$line" = :files
			__fish_complete_path "$current"
		else
			echo $line
		end
	end
end
complete -c byoai -f -a '(__byoai_complete)'
`;

const scripts: Readonly<Record<string, string>> = {bash, zsh, fish};
