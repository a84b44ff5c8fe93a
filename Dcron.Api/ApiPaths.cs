namespace Dcron.Api;

internal static class ApiPaths
{
    public const string Root = "/api/v1";
}
