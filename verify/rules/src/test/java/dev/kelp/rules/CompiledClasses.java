// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;

/// Classes for the architecture rules to look at.
final class CompiledClasses {
    private static final Pattern PACKAGE = Pattern.compile("package ([\\w.]+);");

    private CompiledClasses() {}

    /// The main classes of every module on the class path.
    static JavaClasses ofAllModules() {
        return new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                // where builds for use have them
                .withImportOption(location -> !location.contains("/quick/test-classes/"))
                .withImportOption(location -> !location.contains("/dev/kelp/testkit/"))
                .importPackages("dev.kelp");
    }

    /// Compiles sources of one type each, named `A`, `B` and so on in this order, into `output`.
    static JavaClasses compile(Path output, String... sources) throws IOException {
        List<JavaSource.Text> files = new ArrayList<>();
        for (String source : sources) {
            Matcher name = PACKAGE.matcher(source);
            if (!name.find()) {
                throw new IllegalArgumentException("no package in " + source);
            }
            char type = (char) ('A' + files.size());
            files.add(new JavaSource.Text(name.group(1).replace('.', '/') + "/" + type + ".java", source));
        }
        List<String> options = List.of("-proc:none", "-d", output.toString(), "-cp", output.toString());
        boolean compiled = ToolProvider.getSystemJavaCompiler()
                .getTask(null, null, null, options, null, files)
                .call();
        if (!compiled) {
            throw new IOException("a counterexample does not compile");
        }
        return new ClassFileImporter().importPath(output);
    }
}
