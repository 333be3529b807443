//! Which installation a command works on: a data folder of this machine, or a stack on AWS.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches};

use super::Cli;

/// A stack on AWS, in the place of a data folder.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "On AWS")]
pub(crate) struct StackArgs {
    /// Work on this stack on AWS, by its name in CloudFormation, and not on a data folder
    #[arg(
        long,
        global = true,
        env = "LOGBOOK_STACK",
        value_name = "NAME",
        hide = cfg!(not(feature = "aws"))
    )]
    pub(crate) stack: Option<String>,
    /// The stack's region [default: that of the environment or the profile]
    #[arg(
        long,
        global = true,
        value_name = "REGION",
        hide = cfg!(not(feature = "aws"))
    )]
    pub(crate) region: Option<String>,
}

/// The commands that refuse to work on a stack.
const ON_FOLDERS_ONLY: [&str; 4] = ["run", "demo", "migrate", "rebuild"];

impl Cli {
    /// The command line of this process, of which it is settled where a command works. What is
    /// wrong with it ends the process, as clap does.
    pub(crate) fn read() -> Self {
        let matches = Self::whole().get_matches();
        Self::of(&matches).unwrap_or_else(|error| error.exit())
    }

    /// The command line, in which help speaks of stacks only where a command works on one.
    fn whole() -> clap::Command {
        let hidden = |name: &'static str| Arg::new(name).long(name).hide(true);
        ON_FOLDERS_ONLY
            .iter()
            .fold(Self::command(), |whole, command| {
                whole.mut_subcommand(command, |one| {
                    one.arg(hidden("stack")).arg(hidden("region"))
                })
            })
    }

    fn of(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut cli = Self::from_arg_matches(matches)?;
        let mut deepest = matches;
        while let Some((_, below)) = deepest.subcommand() {
            deepest = below;
        }
        let source = |id| {
            let is_known = deepest.try_contains_id(id).is_ok();
            let source = is_known.then(|| deepest.value_source(id)).flatten();
            source.filter(|source| *source != ValueSource::DefaultValue)
        };
        let (stack, folder) = (source("stack"), source("data"));
        if stack.is_some() && stack == folder {
            let message = "a data folder (--data, LOGBOOK_DATA) and a stack (--stack, \
                           LOGBOOK_STACK) are both named: name one of them";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, message));
        }
        // What the command line names goes before what the environment names.
        if stack < folder {
            cli.at.stack = None;
        }
        Ok(cli)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(arguments: &[&str]) -> Result<Option<String>, ErrorKind> {
        let matches = Cli::whole().try_get_matches_from([&["logbook"], arguments].concat());
        let cli = matches.and_then(|matches| Cli::of(&matches));
        cli.map(|cli| cli.at.stack).map_err(|error| error.kind())
    }

    #[test]
    #[cfg(feature = "aws")]
    fn help_speaks_of_stacks_where_a_command_works_on_one() {
        let help = |name: &str| {
            let mut whole = Cli::whole();
            whole.build();
            let command = whole.find_subcommand_mut(name);
            command.map(|command| command.render_help().to_string())
        };
        for name in ON_FOLDERS_ONLY {
            assert!(!help(name).unwrap().contains("--stack"), "{name}");
        }
        assert!(help("doctor").unwrap().contains("--stack"));
    }

    #[test]
    fn a_stack_is_named_before_or_after_the_command() {
        let named = Ok(Some("prod".to_owned()));
        assert_eq!(stack(&["--stack", "prod", "doctor"]), named);
        assert_eq!(stack(&["product", "list", "--stack", "prod"]), named);
        assert_eq!(stack(&["doctor"]), Ok(None));
        // Refused with a reason, later on.
        assert_eq!(stack(&["run", "--stack", "prod"]), named);
        assert_eq!(stack(&["--stack", "prod", "rebuild"]), named);
    }

    #[test]
    fn a_stack_and_a_folder_exclude_each_other() {
        let both = ["doctor", "--stack", "prod", "--data", "here"];
        assert_eq!(stack(&both), Err(ErrorKind::ArgumentConflict));
    }
}
