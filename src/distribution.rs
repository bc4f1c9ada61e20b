//! What packages of the program hold beside it: completions for shells, and manual pages.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Cli;
use crate::config::nearest;
use crate::failure::Failure;

/// The program's name, as it is typed.
const NAME: &str = "tuneup";

/// Writes the script that completes the command line in a shell.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    script
}

/// The manual page of the program, or of one of its commands.
pub(crate) fn manual(command: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut cli = Cli::command();
    cli.build();
    let (page, title) = match command {
        None => (cli, NAME.to_owned()),
        Some(name) => {
            let Some(found) = cli.find_subcommand(name) else {
                let names: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
                let nearest = nearest(name, names.into_iter());
                return Err(Failure::new(format!(
                    "no command is called `{name}`; did you mean `{nearest}`?"
                )));
            };
            // Pages are found by this name: `man tuneup-check`.
            (found.clone(), format!("{NAME}-{name}"))
        }
    };
    let mut bytes = Vec::new();
    clap_mangen::Man::new(page).title(title).manual("User Commands").render(&mut bytes)?;
    Ok(bytes)
}
