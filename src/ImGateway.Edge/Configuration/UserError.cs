using System.Diagnostics.CodeAnalysis;

namespace ImGateway.Edge.Configuration;

/// <summary>A user's mistake: its message is the one line that standard error gets, and the exit code is 1.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "It is an error of the user, and reads as one where it is thrown.")]
public sealed class UserError(string line, Exception? cause = null) : Exception(OneLine.From(line), cause);
