// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "completion",
        customSynopsis = "bash|zsh|fish|powershell",
        description = {
            "Prints a script that makes the shell complete commands, flags, and the names of containers, images,"
                    + " networks and volumes.",
            "The names are asked of the engine while you type."
        },
        footer = {
            "source <(kelp completion bash)",
            "kelp completion bash > ~/.local/share/bash-completion/completions/kelp",
            "kelp completion zsh > ~/.zfunc/_kelp",
            "kelp completion fish > ~/.config/fish/completions/kelp.fish"
        })
final class CompletionCommand extends dev.kelp.cli.KelpCommand {
    /// COMP_WORDS is split at colons and equals signs, so the line itself is asked for, and what bash takes for
    /// words
    /// already there is cut off.
    private static final String BASH = """
            _@NAME@() {
                local line=${COMP_LINE:0:COMP_POINT} word candidate
                word=${line##*[[:space:]]}
                local cut=${word%"${word##*[:=]}"}
                COMPREPLY=()
                while IFS=$'\\t' read -r candidate _; do
                    COMPREPLY+=("${candidate#"$cut"}")
                done < <(@NAME@ __complete "$line" 2>/dev/null)
            }
            complete -o default -F _@NAME@ @NAME@
            """;

    private static final String ZSH = """
            #compdef @NAME@
            _@NAME@() {
                local -a values
                local value description
                while IFS=$'\\t' read -r value description; do
                    values+=("${value//:/\\\\:}${description:+:$description}")
                done < <(@NAME@ __complete "${(j: :)words[1,CURRENT]}" 2>/dev/null)
                if (( $#values )); then
                    _describe '@NAME@' values
                else
                    _files
                fi
            }
            if [ "$funcstack[1]" = "_@NAME@" ]; then _@NAME@; else compdef _@NAME@ @NAME@; fi
            """;

    private static final String FISH = """
            complete -c @NAME@ -a '(@NAME@ __complete (commandline -cp) 2>/dev/null)'
            """;

    private static final String POWERSHELL = """
            Register-ArgumentCompleter -Native -CommandName @NAME@ -ScriptBlock {
                param($word, $ast, $cursor)
                $line = $ast.ToString().PadRight($cursor).Substring(0, $cursor)
                @NAME@ __complete $line 2>$null | ForEach-Object {
                    $value, $description = $_ -split "`t", 2
                    if (-not $description) { $description = $value }
                    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
                }
            }
            """;

    @Parameters(paramLabel = "SHELL")
    String shell = "";

    @Override
    public int run(Invocation call) {
        call.out().print(script(shell, call.client().programName()));
        return 0;
    }

    /// @param program what the user types
    static String script(String shell, String program) {
        String script = switch (shell) {
            case "bash" -> BASH;
            case "zsh" -> ZSH;
            case "fish" -> FISH;
            case "powershell", "pwsh" -> POWERSHELL;
            default ->
                throw KelpException.invalid("unknown shell `" + shell + "`")
                        .withHint("use bash, zsh, fish or powershell");
        };
        return script.replace("@NAME@", program);
    }
}
